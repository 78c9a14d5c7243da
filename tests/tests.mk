# Building and running the tests; included by the top Makefile.

UNIT_SRC := $(sort $(wildcard tests/unit/t_*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/unit/%)
SUPPORT_SRC := $(sort $(wildcard tests/support/io_*.c))
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(B)/%.o)
MKSTORE_SRC := $(sort $(wildcard tests/support/mkstore*.c))
MKSTORE := $(B)/tests/mkstore
FAULT_SRC := $(sort $(wildcard tests/fault/f_*.c))
FAULT_BIN := $(FAULT_SRC:tests/fault/%.c=$(B)/tests/fault/%)
FAULT_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out $(FAULT_SRC), \
		$(sort $(wildcard tests/fault/*.c))))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
REPLAY_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/tests/fuzz/replay_%)
# What targets share; a mutate_NAME.c is libFuzzer's alone.
FUZZ_PARTS := $(filter-out $(FUZZ_SRC) %/replay.c tests/fuzz/mutate_%, \
		$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_OBJ := $(FUZZ_PARTS:%.c=$(B)/%.o)
VIEW := $(B)/tests/view
CRASH_SRC := $(sort $(wildcard tests/crash/crash_*.c))
CRASH_BIN := $(CRASH_SRC:tests/crash/%.c=$(B)/tests/crash/%)
# Of the crash tests alone.
CRASH_OWN := $(B)/tests/crash/repair_trial.o \
		$(B)/tests/crash/repair_verdict.o
CRASH_OBJ := $(filter-out $(CRASH_OWN),$(patsubst %.c,$(B)/%.o, \
		$(filter-out $(CRASH_SRC),$(sort $(wildcard tests/crash/*.c)))))
# Stores, damage and their model, which crash and fault tests of a repair use.
PROPERTY_SRC := $(sort $(wildcard tests/property/property_*.c))
PROPERTY_BIN := $(PROPERTY_SRC:tests/property/%.c=$(B)/tests/property/%)
PROPERTY_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out $(PROPERTY_SRC), \
		$(sort $(wildcard tests/property/*.c))))
PROPERTY_LIB := $(B)/tests/property/parts.a
INFER_BIN := $(B)/tests/infer_table $(B)/tests/infer_damage
SAME_VIEW := $(B)/tests/same_view
SCRIBBLE := $(B)/tests/scribble
TEST_BIN := $(UNIT_BIN) $(FAULT_BIN) $(REPLAY_BIN) $(CRASH_BIN) \
	$(PROPERTY_BIN) $(INFER_BIN) $(MKSTORE) $(VIEW) $(SAME_VIEW) $(SCRIBBLE)

$(B)/tests/%.o: tests/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call COMPILE,$(TEST_INC))
$(UNIT_BIN): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(CRASH_OBJ) \
		$(SUPPORT_OBJ) $(CMD_PARTS) $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
# Allocation faults: every allocation of ours goes through the wrappers.
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray,--wrap=strdup \
	-Wl,--wrap=realloc,--wrap=strndup,--wrap=aligned_alloc
$(FAULT_BIN): $(B)/tests/fault/%: $(B)/tests/fault/%.o $(FAULT_OBJ) \
		$(CRASH_OBJ) $(SUPPORT_OBJ) $(CMD_PARTS) $(PROPERTY_LIB) \
		$(B)/libpsnap.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) $(WRAP) $(LIBS)
$(REPLAY_BIN): $(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/%.o \
		$(B)/tests/fuzz/replay.o $(FUZZ_OBJ) $(SUPPORT_OBJ) $(CMD_PARTS) \
		$(PROPERTY_LIB) $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(CRASH_BIN): $(B)/tests/crash/%: $(B)/tests/crash/%.o $(CRASH_OBJ) \
		$(CRASH_OWN) $(PROPERTY_LIB) $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(PROPERTY_LIB): $(PROPERTY_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(PROPERTY_BIN): $(B)/tests/property/%: $(B)/tests/property/%.o \
		$(PROPERTY_LIB) $(CRASH_OBJ) $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(INFER_BIN): $(B)/tests/%: $(B)/tests/infer/%.o $(B)/tests/infer/made.o \
		$(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(VIEW): $(B)/tests/support/view.o $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(SAME_VIEW): $(B)/tests/kill/same_view.o $(B)/tests/crash/pair.o \
		$(B)/tests/crash/ram.o $(B)/tests/crash/follow.o $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS)
$(SCRIBBLE): $(B)/tests/kernel/scribble.o
	$(call say,LD,$@)
	$(Q)$(LINK)
$(MKSTORE): $(MKSTORE_SRC:%.c=$(B)/%.o)
	$(call say,LD,$@)
	$(Q)$(LINK)

.PHONY: test-programs check fuzz
test-programs: all $(TEST_BIN)

# KERNEL=0 leaves the emulated machine out, KERNEL=1 insists on it.
KERNEL ?=
# What takes minutes is begun first and what takes a second last, or a processor
# has nothing to do at the end.
ALL_SUITES := kernel crash kill repair infer corpus install golden layers cli \
	property fault unit fuzz docs headers
SUITES := $(if $(filter 0,$(KERNEL)),$(filter-out kernel,$(ALL_SUITES)), \
	$(ALL_SUITES))
.PHONY: $(ALL_SUITES:%=check-%) crash
# Crash states of a merge, and of one that saves for undo; a twentieth of that of a
# repair.
N ?= 5000000
RUN = $(Q)B='$(B)' CC='$(CC)' SAN='$(SAN)' TEST='$(TEST)' N='$(N)' KERNEL='$(KERNEL)' tests/run
check: need-check
	$(Q)$(MAKE) --no-print-directory test-programs
	$(RUN) $(SUITES)
$(ALL_SUITES:%=check-%): check-%: test-programs
	$(RUN) $*

crash: check-crash

# libFuzzer needs clang whatever CC is; own directory, own flags. What it finds
# goes to $(B)/libfuzzer, as does the corpus that grows.
FUZZ_NAMES := $(FUZZ_SRC:tests/fuzz/%.c=%)
fuzz:
	$(Q)$(MAKE) --no-print-directory B=$(B)/libfuzzer CC=clang \
		SAN=address,undefined CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' \
		fuzz-programs
	$(Q)for f in $(FUZZ_NAMES); do \
		dict=tests/fuzz/$${f#fuzz_}.dict; \
		mkdir -p $(B)/libfuzzer/corpus/$$f && \
		$(B)/libfuzzer/$$f -max_total_time=$(T) -timeout=10 \
			-rss_limit_mb=1024 -artifact_prefix=$(B)/libfuzzer/ \
			$$([ ! -e $$dict ] || echo -dict=$$dict) \
			$(B)/libfuzzer/corpus/$$f tests/fuzz/corpus/$${f#fuzz_} \
			|| exit 1; done
.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_NAMES:%=$(B)/%)
define FUZZ_LINK
$(B)/fuzz_$(1): $(B)/tests/fuzz/fuzz_$(1).o \
	$(patsubst %.c,$(B)/%.o,$(wildcard tests/fuzz/mutate_$(1).c))
endef
$(foreach f,$(FUZZ_NAMES),$(eval $(call FUZZ_LINK,$(f:fuzz_%=%))))
$(FUZZ_NAMES:%=$(B)/%): $(FUZZ_OBJ) $(SUPPORT_OBJ) $(CMD_PARTS) \
		$(B)/tests/property/fix.o $(B)/libpsnap.a
	$(call say,LD,$@)
	$(Q)$(LINK) -fsanitize=fuzzer $(LIBS)

-include $(wildcard $(B)/tests/fuzz/*.d)
-include $(wildcard $(B)/tests/*/*.d)
