# psnap: offline toolkit for device-mapper persistent snapshot stores
#
# Targets
#   all            the psnap binary, libpsnap static and shared (default)
#   demo           install what is missing, build, show check and dump on a
#                  store that a kernel made (needs root only to install)
#   check          install what the tests need, run all of them
#   check-unit, check-cli, check-golden, check-repair, check-infer, check-corpus,
#   check-fault, check-property, check-crash, check-kill, check-kernel,
#   check-fuzz, check-docs, check-layers, check-headers, check-install
#                  one part of the tests
#   crash          more power cuts: N=50000000
#   bench          measure against the physical limit and the alternatives
#   bench-kernel   psnap merge against the kernel's, in an emulated machine
#   fuzz           libFuzzer, T=60 seconds for each target (needs clang)
#   tidy           clang-tidy on lib and cmd
#   format         clang-format on all C files;  format-check only looks
#   install, install-strip, uninstall      below DESTDIR and PREFIX
#   dist           psnap-VERSION.tar.gz from the committed tree
#   clean          remove the build directory
# Variables
#   V=1            show commands            WERROR=1  warnings are errors
#   CC=clang       the compiler             SAN=address,undefined  sanitizers
#   STATIC=1       a static binary for rescue media
#   TEST=glob      only test files whose name matches
#   KERNEL=0       check without the emulated machine
#   B=build        build directory          T=60      seconds a fuzz target
#   PREFIX=/usr/local  DESTDIR=             CFLAGS CPPFLAGS LDFLAGS as usual

VERSION   := 0.1.0
SOVERSION := 0

ifeq ($(origin CC),default)
CC        := gcc
endif
B         ?= build
PREFIX    ?= /usr/local
T         ?= 60
TEST      ?= *
CFLAGS    ?= -O2 -g
PKGCONFIG ?= pkg-config

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL     := /bin/bash

ifndef V
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wvla -Wundef \
	-Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference \
	-Wdouble-promotion -Wredundant-decls -Wdate-time -Wfloat-equal
ifneq ($(findstring clang,$(CC)),clang)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wcast-align=strict -Walloc-zero -Wjump-misses-init -Wtrampolines \
	-Wformat-signedness
endif
ifdef WERROR
WARN += -Werror
endif
ifdef SAN
SANFLAGS := -fsanitize=$(SAN) -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer
else
HARDEN   := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif

PKGS     := popt blkid zlib libdeflate json-c liburing
ifdef STATIC
LDSTATIC := -static
LIBS      = $(shell $(PKGCONFIG) --static --libs $(PKGS)) -pthread
else
LIBS      = $(shell $(PKGCONFIG) --libs $(PKGS)) -pthread
endif
LIB_LIBS  = $(shell $(PKGCONFIG) --libs blkid zlib libdeflate liburing) -pthread

BASE  = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DPSNAP_VERSION='"$(VERSION)"' $(WARN) $(HARDEN) $(SANFLAGS) \
	-fno-common -fvisibility=hidden -fPIC
# cmd sees the public headers alone: a private include does not compile.
CMD_INC  := -Ilib/include
LIB_INC  := -Ilib/include -Ilib/src
TEST_INC := -Ilib/include -Ilib/src -Icmd -Itests/support -Itests/unit \
	-Itests/crash

COMPILE = $(CC) $(BASE) $(1) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
LINK    = $(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $(LDSTATIC) -o $@ $^

LIB_SRC := $(sort $(wildcard lib/src/*.c))
CMD_SRC := $(sort $(wildcard cmd/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$(B)/%.o)
# What the tests link of cmd: everything but main.
CMD_PARTS := $(filter-out $(B)/cmd/psnap.o,$(CMD_OBJ))
C_FILES := $(sort $(wildcard lib/include/psnap/*.h lib/src/*.[ch] cmd/*.[ch] \
	     tests/*/*.[ch]))

COMMANDS := check convert diff dump merge repair undo
MANPAGES := $(sort $(wildcard man/*.[1-9]))
SONAME   := libpsnap.so.$(SOVERSION)
SOFILE   := libpsnap.so.$(VERSION)

all: $(B)/psnap $(COMMANDS:%=$(B)/psnap-%) $(B)/libpsnap.a $(B)/$(SOFILE) \
     $(B)/psnap.pc

# Objects depend on the flags they were built with, so that changing SAN or CC
# in one build directory cannot mix objects.
FLAGS_NOW := $(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDSTATIC) \
	     $(PREFIX) $(LIB_SRC) $(CMD_SRC)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(FLAGS_NOW))' > $@
FORCE:

$(B)/lib/src/%.o: lib/src/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call COMPILE,$(LIB_INC))
$(B)/cmd/%.o: cmd/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call COMPILE,$(CMD_INC))

$(B)/libpsnap.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/$(SOFILE): $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -shared \
		-Wl,-soname,$(SONAME) -Wl,--as-needed -o $@ $^ $(LIB_LIBS)
	$(Q)ln -sf $(SOFILE) $(B)/$(SONAME) && ln -sf $(SONAME) $(B)/libpsnap.so
$(B)/psnap: $(CMD_OBJ) $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(COMMANDS:%=$(B)/psnap-%): $(B)/psnap
	$(Q)ln -sf psnap $@
$(B)/psnap.pc: lib/psnap.pc.in Makefile $(B)/flags
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

include tests/tests.mk
-include tests/bench/bench.mk

# --- packages ---------------------------------------------------------------
.PHONY: need-build need-check
need-build:
	$(Q)tests/support/need build
need-check:
	$(Q)tests/support/need check

.PHONY: demo
demo:
	$(Q)tests/support/need demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)B=$(B) tests/demo

# --- the tree as a whole ------------------------------------------------------
.PHONY: all tidy format format-check install install-strip uninstall dist clean
# Several processes: one alone takes minutes. The largest first, and few in each,
# or the last one works alone.
tidy:
	$(Q)ls -S $(LIB_SRC) $(CMD_SRC) | xargs -n 4 -P "$$(nproc)" sh -c \
		'clang-tidy --quiet "$$@" -- -std=c11 -D_GNU_SOURCE \
		-DPSNAP_VERSION=\"$(VERSION)\" $(LIB_INC)' tidy
format:
	$(Q)clang-format -i $(C_FILES)
format-check:
	$(Q)clang-format --dry-run --Werror $(C_FILES)

BIN := $(DESTDIR)$(PREFIX)/sbin
LIB := $(DESTDIR)$(PREFIX)/lib
INC := $(DESTDIR)$(PREFIX)/include/psnap
SHR := $(DESTDIR)$(PREFIX)/share
BASHC := $(SHR)/bash-completion/completions
ZSHC  := $(SHR)/zsh/site-functions
HEADERS := $(sort $(wildcard lib/include/psnap/*.h))
INSTALL_STRIP :=

install: all
	$(Q)install -d '$(BIN)' '$(LIB)/pkgconfig' '$(INC)' '$(BASHC)' '$(ZSHC)'
	$(Q)install -m755 $(INSTALL_STRIP) $(B)/psnap '$(BIN)/psnap'
	$(Q)for c in $(COMMANDS); do ln -sf psnap '$(BIN)'/psnap-$$c; \
		ln -sf psnap '$(BASHC)'/psnap-$$c; done
	$(Q)install -m644 $(B)/libpsnap.a '$(LIB)/libpsnap.a'
	$(Q)install -m755 $(INSTALL_STRIP) $(B)/$(SOFILE) '$(LIB)/$(SOFILE)'
	$(Q)ln -sf $(SOFILE) '$(LIB)/$(SONAME)' && \
		ln -sf $(SONAME) '$(LIB)/libpsnap.so'
	$(Q)install -m644 $(B)/psnap.pc '$(LIB)/pkgconfig/psnap.pc'
	$(Q)install -m644 $(HEADERS) '$(INC)'
	$(Q)for m in $(MANPAGES); do \
		install -D -m644 $$m '$(SHR)'/man/man$${m##*.}/$${m##*/}; done
	$(Q)install -m644 completions/bash/psnap '$(BASHC)/psnap'
	$(Q)install -m644 completions/zsh/_psnap '$(ZSHC)/_psnap'
install-strip:
	$(Q)$(MAKE) --no-print-directory INSTALL_STRIP=-s install
uninstall:
	$(Q)rm -f '$(BIN)/psnap' $(COMMANDS:%='$(BIN)'/psnap-%) \
		'$(LIB)/libpsnap.a' '$(LIB)/libpsnap.so' '$(LIB)/$(SONAME)' \
		'$(LIB)/$(SOFILE)' '$(LIB)/pkgconfig/psnap.pc' \
		'$(BASHC)/psnap' $(COMMANDS:%='$(BASHC)'/psnap-%) \
		'$(ZSHC)/_psnap' $(HEADERS:lib/include/psnap/%='$(INC)'/%)
	$(Q)rmdir '$(INC)' 2>/dev/null || true
	$(Q)for m in $(MANPAGES); do \
		rm -f '$(SHR)'/man/man$${m##*.}/$${m##*/}; done
dist:
	$(Q)git archive --format=tar.gz --prefix=psnap-$(VERSION)/ \
		-o psnap-$(VERSION).tar.gz HEAD
	@echo psnap-$(VERSION).tar.gz
clean:
	$(Q)rm -rf $(B)

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d)
