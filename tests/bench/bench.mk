# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench [SECTIONS="scan dump check merge repair convert"] [QUICK=50] [MERGE_MIB=2048]
# make bench-kernel	the kernel's own merge against psnap, in one machine
#
# Included by the Makefile. Builds the programs the bench needs beside psnap
# and mkstore, and runs tests/bench/run. libfuse3 and liburing are asked for
# here alone: psnap itself uses neither.

SECTIONS ?= scan dump check merge repair convert
BENCH_PROGRAMS := $(addprefix $(B)/bench/,latfs merge_loop merge_ref scan_ref walk_bench)

BENCH_CC = $(CC) $(BASE) $(1) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP \
	   -o $@ $(filter %.c %.a,$^) $(2)
# As system headers: they need not pass psnap's warnings.
FUSE_CFLAGS = $(patsubst -I%,-isystem%,$(shell $(PKGCONFIG) --cflags fuse3))
FUSE_LIBS   = $(shell $(PKGCONFIG) --libs fuse3)
URING_LIBS  = $(shell $(PKGCONFIG) --libs liburing)

.PHONY: bench bench-programs bench-kernel
bench: need-build
	$(Q)tests/bench/run packages
	$(Q)$(MAKE) --no-print-directory bench-programs >&2
	$(Q)B=$(B) $(if $(QUICK),QUICK=$(QUICK)) \
		$(if $(MERGE_MIB),MERGE_MIB=$(MERGE_MIB)) \
		$(if $(ROUNDS),ROUNDS=$(ROUNDS)) tests/bench/run $(SECTIONS)

bench-kernel: need-build
	$(Q)$(MAKE) --no-print-directory all >&2
	$(Q)B=$(B) tests/kernel/bench

bench-programs: $(BENCH_PROGRAMS) $(B)/psnap $(B)/tests/mkstore

$(B)/bench/latfs: tests/bench/latfs.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call BENCH_CC,$(FUSE_CFLAGS),$(FUSE_LIBS))
$(B)/bench/scan_ref: tests/bench/scan_ref.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call BENCH_CC,,$(URING_LIBS))
$(B)/bench/merge_ref: tests/bench/merge_ref.c $(B)/libpsnap.a $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call BENCH_CC,$(CMD_INC),$(LIBS) $(URING_LIBS))
$(B)/bench/walk_bench $(B)/bench/merge_loop: $(B)/bench/%: tests/bench/%.c \
		$(B)/libpsnap.a $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call BENCH_CC,$(CMD_INC),$(LIBS))

-include $(BENCH_PROGRAMS:=.d)
