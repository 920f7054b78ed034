// SPDX-License-Identifier: Apache-2.0
//
// A jump never crosses frames of another library: every allocation in a callback of expat and zlib fails in turn, and
// whoever entered the library has left it when the call ends.
#include <expat.h>
#include <stdlib.h>

#include "archives.h"
#include "codec/inflate.h"
#include "read/manifest.h"

static int inside; // frames of other libraries that were entered and not left

// The linker puts these in the places of the functions (tests/CMakeLists.txt).
#define WRAP(type, function, parameters, arguments) \
    type __real_##function parameters;              \
    type __wrap_##function parameters;              \
    type __wrap_##function parameters {             \
        inside++;                                   \
        type result = __real_##function arguments;  \
        inside--;                                   \
        return result;                              \
    }
WRAP(enum XML_Status, XML_Parse, (XML_Parser parser, const char *text, int size, int is_last),
     (parser, text, size, is_last))
WRAP(int, inflate, (z_streamp stream, int flush), (stream, flush))
WRAP(int, inflateInit2_, (z_streamp stream, int bits, const char *version, int size),
     (stream, bits, version, size))

// ---- the work: each reads something larger than the blocks of an arena

typedef struct job {
    czm_bytes input;
    czm_context context;
} job;

typedef void run_job(job *j);

static void read_manifest(job *j) {
    czm_manifest manifest;
    czm_status status = czm_manifest_read(&j->context, "xml", j->input, &manifest);
    assert_int_not_equal(status, CZM_OK); // it lacks elements
}

static void inflate_text(job *j) {
    z_stream *stream = czm_inflate_stream(j->context.arena, -MAX_WBITS);
    uint8_t out[1000]; // less than the content, so that zlib asks for a window
    stream->next_in = (Bytef *)(uintptr_t)j->input.data;
    stream->avail_in = (uInt)j->input.size;
    stream->next_out = out;
    stream->avail_out = sizeof out;
    czm_inflate(stream, Z_NO_FLUSH);
}

static czm_bytes long_manifest(czm_context *c) {
    czm_buffer xml = czm_buffer_in(c->arena);
    czm_put_raw(&xml, czm_bytes_text("<Model Version='3.0.0'><TrainingClasses>"));
    for (int i = 1; i <= 2000; i++)
        czm_put_raw(&xml, czm_bytes_text(czm_arena_format(
                              c->arena,
                              "<Item LabelValue='%d' Name='a' colR='1' colG='1' colB='1'/>", i)));
    czm_put_raw(&xml, czm_bytes_text("</TrainingClasses><Unknown>"));
    for (int i = 0; i < 9000; i++) czm_put_raw(&xml, czm_bytes_text("some text\n"));
    czm_put_raw(&xml, czm_bytes_text("</Unknown></Model>"));
    return czm_buffer_bytes(&xml);
}

static czm_bytes deflated_text(czm_context *c) {
    czm_bytes plain = czm_bytes_of(czm_arena_alloc(c->arena, 40000), 40000);
    return pack(c->arena, plain, true);
}

// ---- failing allocations

static long allocations_left;

static void *allocate(size_t size) { return allocations_left-- > 0 ? malloc(size) : NULL; }

static jmp_buf jump;

// The value of the jump that ended the job; 0: it ended by itself.
static int run(run_job *work, job *j) {
    inside = 0;
    czm_arena_set_jump(j->context.arena, &jump);
    switch (setjmp(jump)) {
    case 0: work(j); return 0;
    case CZM_JUMP_BUDGET: return CZM_JUMP_BUDGET;
    default: return CZM_JUMP_MEMORY;
    }
}

static void fail_each_allocation(czm_context *c, run_job *work, czm_bytes input) {
    int value = CZM_JUMP_MEMORY;
    for (long i = 1; value; i++) {
        czm_arena_set_allocator(allocate, free);
        allocations_left = i;
        job j = {input, {czm_arena_new(NULL), c->report}};
        value = run(work, &j);
        czm_arena_free(j.context.arena);
        czm_arena_set_allocator(malloc, free);
        assert_int_equal(inside, 0);
        assert_true(i < 100 && (value == 0 || value == CZM_JUMP_MEMORY));
        assert_true(i > 1 || value);
    }
}

static void exceed_each_budget(czm_context *c, run_job *work, czm_bytes input) {
    int value = CZM_JUMP_BUDGET;
    for (uint64_t left = 0; value; left += 8192) {
        job j = {input, {czm_arena_new(NULL), c->report}};
        czm_arena_limit(j.context.arena);
        czm_budget_use(j.context.arena, CZM_MEMORY, CZM_BUDGET_SPARE - left, NULL);
        value = run(work, &j);
        czm_arena_free(j.context.arena);
        assert_int_equal(inside, 0);
        assert_true(value == 0 || value == CZM_JUMP_BUDGET);
        assert_true(left || value);
    }
}

static void not_across_expat(void **state) {
    czm_context *c = *state;
    fail_each_allocation(c, read_manifest, long_manifest(c));
    exceed_each_budget(c, read_manifest, long_manifest(c));
}

static void not_across_zlib(void **state) {
    czm_context *c = *state;
    fail_each_allocation(c, inflate_text, deflated_text(c));
    exceed_each_budget(c, inflate_text, deflated_text(c));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(not_across_expat),
        TEST(not_across_zlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
