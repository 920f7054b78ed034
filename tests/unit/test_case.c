// SPDX-License-Identifier: Apache-2.0
//
// Case becomes If: the same branch for every index, also for those that have none. What stays a Case is
// reported under rule "loaders".
#include "check/check.h"
#include "graph/layer_name.h"
#include "passes/passes.h"

#include "graph_text.h"

static void build_text(parser *p, const char *format, int index) {
    char *text = malloc(strlen(format) + 16);
    snprintf(text, strlen(format) + 16, format, index);
    *p = parse(text);
    build(p);
    free(text);
}

static size_t count_of(const czm_model *model, czm_op_kind op) {
    size_t count = 0;
    for (size_t i = 0; i < model->main.nodes.count; i++)
        count += czm_node_is(model->main.nodes.items[i], op);
    for (size_t i = 0; i < model->functions.count; i++)
        for (size_t k = 0; k < model->functions.items[i]->nodes.count; k++)
            count += czm_node_is(model->functions.items[i]->nodes.items[k], op);
    return count;
}

#define BRANCHES                                                                             \
    "def f(a:i): n=i 1; b=AddV2(a,n); return b; def g(a:i): n=i 2; b=AddV2(a,n); return b; " \
    "def h(a:i): n=i 3; b=AddV2(a,n); return b; def e(a:i): n=i 4; b=AddV2(a,n); return b; "

static void every_index_has_its_branch(void **state) {
    (void)state;
    static const struct {
        const char *graph;
        int last;
    } table[] = {
        {BRANCHES "x=i 10; c=i %d; y=Case(c,x) branches=&f,g,h,e Tin=@i Tout=@i", 4},
        {BRANCHES "x=i 10; c=i %d; y=StatelessCase(c,x) branches=&f,g,h Tin=@i Tout=@i", 3},
        {BRANCHES "x=i 10; c=i %d; y=Case(c,x) branches=&f,g Tin=@i Tout=@i", 2},
        {BRANCHES "x=i 10; c=i %d; y=Case(c,x) branches=&f Tin=@i Tout=@i", 1},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) {
        for (int index = -2; index < 7; index++) {
            parser p;
            build_text(&p, table[i].graph, index);
            czm_context context = {p.arena, NULL};
            czm_pass_lower(&context, &p.model, CZM_FOR_TF200);
            assert_int_equal(count_of(&p.model, CZM_OP_Case), 0);
            czm_tensor y = czm_output(find_node(&p, "y"));
            assert_string_equal(y.node->op, "If");
            czm_value value = czm_value_of(czm_shapes_infer(p.arena, &p.model, NULL), y);
            int chosen = index < 0 || index >= table[i].last ? table[i].last : index + 1;
            assert_non_null(value.elements);
            assert_true(value.elements[0].is_known && value.elements[0].number == 10 + chosen);
            czm_arena_free(p.arena);
        }
    }
}

// A branch that two nodes name cannot get another argument for one of them.
static void shared_branches_stay(void **state) {
    (void)state;
    parser p;
    build_text(&p,
               BRANCHES "x=i 10; c:i[]; d:i[]; y=Case(c,x) branches=&f,g Tin=@i Tout=@i; "
                        "z=Case(d,x) branches=&f,g Tin=@i Tout=@i; k=i %d",
               0);
    czm_context context = {p.arena, NULL};
    czm_passes_run(&context, &p.model, CZM_FOR_TF200);
    assert_int_equal(count_of(&p.model, CZM_OP_Case), 2);
    czm_arena_free(p.arena);
}

// The number of findings under rule "loaders".
static size_t loaders_reported(const char *graph, bool is_keras) {
    parser p;
    build_text(&p, graph, 0);
    czm_context context = {p.arena, czm_report_new()};
    assert_non_null(context.report);
    czm_passes_run(&context, &p.model, CZM_FOR_TF200);
    p.model.is_keras = is_keras;
    p.model.layer_names = czm_layer_names_of(p.arena, &p.model.main);
    czm_check_subject subject = {.arena = p.arena, .model = &p.model};
    czm_check_loaders(&context, &subject);
    size_t count = czm_report_count(context.report);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(czm_report_at(context.report, i)->rule, "loaders");
    czm_report_free(context.report);
    czm_arena_free(p.arena);
    return count;
}

static void loaders_are_reported(void **state) {
    (void)state;
    const char *simple = "x=i 10; y=AddV2(x,x); k=i %d";
    const char *shared = BRANCHES "x=i 10; c:i[]; d:i[]; y=Case(c,x) branches=&f,g Tin=@i Tout=@i; "
                                  "z=Case(d,x) branches=&f,g Tin=@i Tout=@i; k=i %d";
    assert_int_equal(loaders_reported(simple, true), 0);
    assert_int_equal(loaders_reported(simple, false), 1);
    assert_int_equal(loaders_reported(shared, true), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_has_its_branch),
        cmocka_unit_test(shared_branches_stay),
        cmocka_unit_test(loaders_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
