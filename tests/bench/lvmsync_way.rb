#!/usr/bin/ruby
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way lvmsync reads a store, told again in a few lines: one small read
# and one unpack for each 16-byte exception, the changed ranges kept in memory.
# This is what people without psnap reach for. Prints one line: nanoseconds per
# area, the number of areas, the number of exceptions. No errors are handled.

start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
ranges = []
areas = exceptions = 0
File.open(ARGV.fetch(0), 'rb') do |store|
  _magic, _valid, _version, chunk_sectors = store.read(16).unpack('V4')
  chunk_bytes = chunk_sectors * 512
  area_chunk = 1
  new_chunk = nil
  until new_chunk == 0
    store.seek(area_chunk * chunk_bytes)
    areas += 1
    (chunk_bytes / 16).times do
      old_chunk, new_chunk = store.read(16).unpack('Q<Q<')
      break if new_chunk == 0
      exceptions += 1
      first = old_chunk * chunk_bytes
      ranges << (first..first + chunk_bytes - 1)
    end
    area_chunk += chunk_bytes / 16 + 1
  end
end
took = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start
puts "#{took / areas} #{areas} #{ranges.size}"
