// SPDX-License-Identifier: Apache-2.0
//
// Control flow: ops that call functions, and the nodes that conditionals and loops were made of
// before there were such ops.
#include "shape/ops.h"

enum { MOST_ROUNDS = 8 }; // to find out what holds in every round of a loop

typedef CZM_LIST(czm_bytes) name_list;

static void set_results(czm_step *step, const czm_fact *results, size_t count) {
    for (size_t i = 0; i < count; i++) czm_step_set_fact(step, i, results[i]);
}

// ---- conditionals: inputs are the condition and the arguments of the branches

// Infers the chosen branch, or the common facts of the results of all branches.
static void run_branches(czm_step *step, const name_list *branches, int64_t chosen) {
    size_t argument_count, count = 0, result_count = 0;
    const czm_fact *arguments = czm_step_inputs_from(step, 1, &argument_count);
    czm_fact *joined = NULL;
    for (size_t i = 0; i < branches->count; i++) {
        if (chosen != CZM_UNKNOWN && chosen != (int64_t)i) continue;
        czm_fact *results = czm_step_call_function(step, branches->items[i], arguments,
                                                   argument_count, chosen != CZM_UNKNOWN, &count);
        if (!results || (joined && count != result_count)) return;
        for (size_t k = 0; joined && k < count; k++)
            results[k] = czm_fact_join(step->arena, &joined[k], &results[k]);
        joined = results;
        result_count = count;
    }
    set_results(step, joined, result_count);
}

void czm_infer_if(czm_step *step) {
    static const char *const attrs[] = {"then_branch", "else_branch"};
    name_list branches = {0};
    for (size_t i = 0; i < CZM_COUNT_OF(attrs); i++)
        *CZM_APPEND(step->arena, &branches) = czm_attr_function(step->node, attrs[i]);
    czm_fact condition = czm_step_in_fact(step, 0);
    bool is_known = condition.shape.rank == 0 && condition.value.elements &&
                    condition.value.elements[0].is_known;
    bool is_false = is_known && condition.value.elements[0].number == 0;
    run_branches(step, &branches, is_known ? is_false : CZM_UNKNOWN);
}

typedef struct collector {
    czm_arena *arena;
    name_list names;
} collector;

static void collect(void *user, czm_bytes name) {
    collector *c = user;
    *CZM_APPEND(c->arena, &c->names) = name;
}

// Other indices select the last branch.
void czm_infer_case(czm_step *step) {
    collector c = {.arena = step->arena};
    czm_attr_each_function(czm_node_attr(step->node, "branches"), collect, &c);
    int64_t last = (int64_t)c.names.count - 1, chosen;
    if (last < 0) return;
    if (!czm_step_in_int(step, 0, &chosen))
        chosen = CZM_UNKNOWN;
    else if (chosen < 0 || chosen > last)
        chosen = last;
    run_branches(step, &c.names, chosen);
}

// ---- loops: outputs are the results of the body or, if it never runs, the inputs

// Keeps only the facts that also hold for `results`; false if all did.
static bool weaken(czm_arena *arena, czm_fact *facts, const czm_fact *results, size_t count) {
    bool is_weaker = false;
    for (size_t i = 0; i < count; i++) {
        czm_fact joined = czm_fact_join(arena, &facts[i], &results[i]);
        if (!czm_fact_equal(&joined, &facts[i])) is_weaker = true;
        facts[i] = joined;
    }
    return is_weaker;
}

void czm_infer_while(czm_step *step) {
    size_t count, result_count = 0;
    czm_fact *facts = czm_step_inputs_from(step, 0, &count);
    czm_bytes body = czm_attr_function(step->node, "body");
    for (int round = 0; round < MOST_ROUNDS; round++) {
        const czm_fact *results =
            czm_step_call_function(step, body, facts, count, false, &result_count);
        if (!results || result_count != count) return;
        if (weaken(step->arena, facts, results, count)) continue;
        set_results(step, facts, count);
        return;
    }
}

// ---- old nodes

// Only one of the two outputs gets a value; both have the shape of the data.
void czm_infer_switch(czm_step *step) {
    step->branches++;
    for (size_t i = 0; i < step->output_count; i++)
        czm_step_set_fact(step, i, czm_step_in_fact(step, 0));
}

// Outputs are the input with a value, and its number.
void czm_infer_merge(czm_step *step) {
    czm_fact joined = czm_step_in_fact(step, 0);
    czm_step_set_rank(step, 1, 0);
    if (step->assumed) {
        czm_step_set_fact(step, 0, *step->assumed);
        return;
    }
    for (size_t i = 1; i < czm_step_in_count(step); i++) {
        czm_fact fact = czm_step_in_fact(step, i);
        joined = czm_fact_join(step->arena, &joined, &fact);
    }
    czm_step_set_fact(step, 0, joined);
    if (step->branches > 0) step->branches--;
}

void czm_infer_exit(czm_step *step) {
    czm_infer_pass(step);
    if (step->branches > 0) step->branches--;
}
