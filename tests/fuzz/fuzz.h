// SPDX-License-Identifier: Apache-2.0
//
// Shared by the fuzzers. Each fuzz_*.c is one: libFuzzer gives it inputs without end, and the
// replay (replay.c) those of its corpus, as an ordinary test. The interface is libFuzzer's.
#ifndef CZM_TESTS_FUZZ_H
#define CZM_TESTS_FUZZ_H

#include "base/os.h"
#include "czm.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// How fuzzers that know their format change an input; LLVMFuzzerMutate changes bytes at random.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

// A path in a folder of this process alone, which goes with it. Call it once for each name.
const char *fuzz_path(const char *name);

void fuzz_write(const char *path, czm_bytes content);
void fuzz_copy(const char *from, const char *to);

// Stops the process, as a fault that the fuzzer found.
#define FUZZ_EXPECT(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

// Looks at a network; what can be inspected can be described.
czm_status fuzz_inspect(const char *path, czm_report *report, czm_inspection *inspection);

// What we wrote breaks no rule that only damaged files break.
void fuzz_expect_sound(const char *container);

#endif
