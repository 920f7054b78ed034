// SPDX-License-Identifier: Apache-2.0
//
// The engine: calls the rule of each node's op in the order of the graph, and stores the facts. Nodes that call
// functions return to this file, which infers the function for their arguments.
//
// Loops of old-style nodes are inferred with an assumption: at first, a Merge has the facts of the value that enters
// the loop. If the value of NextIteration differs, only the common facts are assumed, and the graph is inferred
// again, until the assumption holds.
//
// Function calls may nest, and each call costs a walk through the function. Depth and number of steps are limited
// because of hostile files; beyond the limits, all facts are unknown.
#include "shape/ops.h"

enum {
    DEEPEST_NEST = 32,
    MOST_ROUNDS = 8, // to find out what holds in every round of a loop
    // All calls together may cost this many times as much as a walk through the whole model, plus a constant. A node
    // costs a step, and so do an input and so many bytes of attrs.
    CALL_BUDGET = 8,
    SPARE_STEPS = 10000,
    BYTES_PER_STEP = 64,
    SAMPLES = 6,          // sizes of an open input
    OUTPUTS_PER_NODE = 8, // on average, plus a constant
    SPARE_OUTPUTS = 65536,
};

typedef struct record {
    const czm_node *node;
    size_t first;      // of its facts
    size_t count;      // of its outputs
    unsigned branches; // see czm_step
    bool is_given;     // the caller sets its facts
} record;

typedef struct loop {
    size_t position; // of its Merge
    czm_fact assumed;
} loop;

// A graph with the facts of its latest inference.
struct czm_instance {
    const czm_graph *graph;
    record *records; // by position; NULL until first needed
    czm_fact *facts;
    size_t count;
    size_t fact_count, record_capacity, fact_capacity;
    CZM_LIST(loop) loops;
    size_t cost; // of a walk, in steps
    bool is_running;
};

struct czm_shapes {
    czm_instance main;
    czm_shape_fault fault; // node NULL: none
    const czm_node *stopped_at;
    const czm_shapes *sample; // for one size of an open input; NULL: it is not open
    czm_engine *engine;       // of a graph that grows
};

struct czm_engine {
    czm_arena *arena;
    czm_shapes *shapes;
    const czm_model *model;
    czm_name_table functions; // that were called: name -> czm_instance
    unsigned nesting;         // of the functions that are being inferred
    unsigned uncertain;       // how many of these may never run
    size_t steps, steps_left; // of calls; 0: none was inferred yet
    const czm_shapes
        *samples[SAMPLES]; // of the same graph, for some sizes of the input; NULL: none
    const czm_computation *computation; // NULL: values are those of shapes, small and exact
};

// ---- facts of a graph

static bool is_before(czm_tensor t, size_t position) {
    return t.node && t.node->order != 0 && t.node->order - 1 < position;
}

// The fact of a tensor that is made before `position`, or NULL.
static czm_fact *find_fact(const czm_instance *in, czm_tensor t, size_t position) {
    if (!is_before(t, position)) return NULL;
    const record *r = &in->records[t.node->order - 1];
    return r->node == t.node && t.index < r->count ? &in->facts[r->first + t.index] : NULL;
}

czm_fact czm_step_in_fact(const czm_step *step, size_t input) {
    if (input >= czm_step_in_count(step)) return czm_fact_unknown();
    const czm_fact *fact =
        find_fact(step->instance, step->node->inputs.items[input], step->position);
    return fact ? *fact : czm_fact_unknown();
}

static void give(czm_instance *in, czm_tensor t, czm_fact given) {
    czm_fact *fact = find_fact(in, t, in->count);
    if (!fact) return;
    *fact = given;
    in->records[t.node->order - 1].is_given = true;
}

static void find_loops(czm_arena *arena, czm_instance *in, size_t position) {
    const czm_node *node = in->records[position].node;
    if (!czm_node_is(node, CZM_OP_Merge) && !czm_node_is(node, CZM_OP_RefMerge)) return;
    for (size_t i = 0; i < node->inputs.count; i++) {
        if (is_before(node->inputs.items[i], position)) continue;
        *CZM_APPEND(arena, &in->loops) = (loop){position, czm_fact_unknown()};
        return;
    }
}

// Number attrs of damaged files may claim billions of outputs: those come out without facts.
static size_t output_count(const czm_node *node, size_t most) {
    size_t count;
    if (!czm_node_output_count(node, &count)) count = 1;
    return count <= most ? count : 0;
}

static void prepare(czm_arena *arena, czm_instance *in) {
    if (in->records) return;
    const czm_node_list *nodes = &in->graph->nodes;
    size_t total = 0, most = nodes->count * OUTPUTS_PER_NODE + SPARE_OUTPUTS;
    in->count = nodes->count;
    in->records = CZM_NEW_ARRAY(arena, record, nodes->count);
    for (size_t p = 0; p < nodes->count; p++) {
        const czm_node *node = nodes->items[p];
        in->records[p] = (record){.node = node, .first = total};
        in->records[p].count = output_count(node, most - total);
        total += in->records[p].count;
        find_loops(arena, in, p);
    }
    in->facts = CZM_NEW_ARRAY(arena, czm_fact, total);
    for (size_t i = 0; i < total; i++) in->facts[i] = czm_fact_unknown();
    in->record_capacity = in->count;
    in->fact_count = in->fact_capacity = total;
}

// ---- faults

static bool is_certain(const czm_step *step) {
    return step->branches == 0 && step->engine->uncertain == 0;
}

static void stop_at(czm_shapes *shapes, const czm_node *node) {
    if (!shapes->stopped_at) shapes->stopped_at = node;
}

// A node that may never run may have a contradiction: it stops the inference, but is no fault.
void czm_step_fault(czm_step *step, const char *format, ...) {
    czm_shapes *shapes = step->engine->shapes;
    step->is_faulty = true;
    if (!is_certain(step)) {
        stop_at(shapes, step->node);
    } else if (!shapes->fault.node) {
        va_list arguments;
        va_start(arguments, format);
        shapes->fault.text = czm_arena_vformat(step->arena, format, arguments);
        va_end(arguments);
        shapes->fault.node = step->node;
    }
}

// ---- one node

static unsigned branches_before(const czm_instance *in, const record *r, size_t position) {
    unsigned most = 0;
    const czm_node *node = r->node;
    for (size_t i = 0; i < node->inputs.count + node->controls.count; i++) {
        bool is_data = i < node->inputs.count;
        czm_tensor t = is_data ? node->inputs.items[i]
                               : czm_output(node->controls.items[i - node->inputs.count]);
        if (!is_before(t, position)) continue;
        unsigned branches = in->records[t.node->order - 1].branches;
        if (branches > most) most = branches;
    }
    return most;
}

static bool has_all_inputs(const czm_node *node) {
    size_t count;
    return czm_node_input_count(node, &count) && count == node->inputs.count;
}

static bool knows_inputs(const czm_step *step) {
    for (size_t i = 0; i < czm_step_in_count(step); i++)
        if (czm_step_in_shape(step, i).rank == CZM_UNKNOWN) return false;
    return true;
}

static const czm_computation *computation_of(const czm_engine *e, const czm_instance *in,
                                             size_t position) {
    bool is_chosen = e->computation && in == &e->shapes->main &&
                     e->computation->is_chosen[position + 1];
    return is_chosen ? e->computation : NULL;
}

// ---- common facts of the samples: the first two have sizes that most networks accept, and must agree. The others
// must not disagree if they are known. One has odd sizes (padding to a multiple of 32 is 0 for the others); its fourth
// to 32nd parts are no multiples of 7 or 8 either (padding to whole windows). Small, large and high ones contradict
// what holds for some sizes only: a maximum, a comparison.

static const int64_t sample_sizes[SAMPLES][4] = {{3, 448, 512, 5}, {7, 640, 768, 11},
                                                 {4, 491, 587, 6}, {2, 7, 5, 3},
                                                 {6, 96, 64, 4},   {9, 9216, 8192, 13}};
enum { MUST_AGREE = 2 };

typedef const czm_fact *sampled[SAMPLES]; // the facts of a tensor

// The size of a dimension in all samples; CZM_UNKNOWN: it differs.
static int64_t common_dim(sampled samples, int dim) {
    czm_shape first = samples[0]->shape;
    for (int i = 1; i < SAMPLES; i++) {
        czm_shape shape = samples[i]->shape;
        int64_t size = shape.rank == first.rank ? shape.dims[dim] : CZM_UNKNOWN;
        bool is_silent = i >= MUST_AGREE && size == CZM_UNKNOWN;
        if (size != first.dims[dim] && !is_silent) return CZM_UNKNOWN;
    }
    return first.dims[dim];
}

static void complete_shape(czm_arena *arena, czm_fact *fact, sampled samples) {
    czm_dims dims = czm_dims_of(fact->shape);
    int rank = samples[0]->shape.rank;
    if (rank == CZM_UNKNOWN || rank != samples[1]->shape.rank) return;
    if (dims.rank == CZM_UNKNOWN) dims = czm_dims_unknown(rank);
    if (dims.rank != rank) return;
    for (int i = 0; i < rank; i++)
        if (dims.at[i] == CZM_UNKNOWN) dims.at[i] = common_dim(samples, i);
    if (!czm_shape_equal(fact->shape, czm_dims_shape(&dims)))
        fact->shape = czm_dims_keep(arena, &dims);
}

static czm_element common_element(sampled samples, size_t at) {
    const czm_element unknown = {false, 0};
    czm_value first = samples[0]->value;
    for (int i = 1; i < SAMPLES; i++) {
        czm_value value = samples[i]->value;
        czm_element e = value.elements && value.count == first.count ? value.elements[at] : unknown;
        bool is_silent = i >= MUST_AGREE && !e.is_known;
        if ((!e.is_known || e.number != first.elements[at].number) && !is_silent) return unknown;
    }
    return first.elements[at];
}

static void complete_value(czm_arena *arena, czm_fact *fact, sampled samples) {
    size_t count = samples[0]->value.count;
    bool is_same = samples[0]->value.elements && czm_shape_count(fact->shape) == (int64_t)count &&
                   (!fact->value.elements || fact->value.count == count);
    if (!is_same || count == 0) return;
    czm_element *elements = CZM_NEW_ARRAY(arena, czm_element, count);
    for (size_t i = 0; i < count; i++) {
        if (fact->value.elements) elements[i] = fact->value.elements[i];
        if (!elements[i].is_known) elements[i] = common_element(samples, i);
    }
    fact->value = (czm_value){elements, count};
}

static void complete(const czm_engine *e, const czm_instance *in, const record *r,
                     czm_fact *facts) {
    if (!e->samples[0] || in != &e->shapes->main) return;
    for (size_t i = 0; i < r->count; i++) {
        sampled samples;
        for (int k = 0; k < SAMPLES; k++) samples[k] = &e->samples[k]->main.facts[r->first + i];
        complete_shape(e->arena, &facts[i], samples);
        complete_value(e->arena, &facts[i], samples);
    }
}

// Only nodes before position `bound` can be its inputs.
static void infer_node(czm_engine *e, czm_instance *in, size_t position, size_t bound,
                       const czm_fact *assumed) {
    record *r = &in->records[position];
    if (r->is_given) return;
    czm_work(e->arena, 1 + r->node->inputs.count, "the shapes of operations");
    czm_step step = {.arena = e->arena,
                     .node = r->node,
                     .outputs = &in->facts[r->first],
                     .output_count = r->count,
                     .assumed = assumed,
                     .branches = branches_before(in, r, bound),
                     .most_elements = CZM_LARGEST_VALUE,
                     .computation = computation_of(e, in, position),
                     .engine = e,
                     .instance = in,
                     .position = bound};
    if (step.computation) step.most_elements = step.computation->most_elements;
    for (size_t i = 0; i < r->count; i++) step.outputs[i] = czm_fact_unknown();
    const czm_shape_op *rule = &czm_shape_ops[czm_node_kind(r->node)];
    if (!rule->infer) {
        if (knows_inputs(&step)) stop_at(e->shapes, r->node);
    } else if (r->count && has_all_inputs(r->node)) {
        step.detail = rule->detail;
        rule->infer(&step);
        if (rule->fold && !step.is_faulty) rule->fold(&step);
    }
    r->branches = step.branches;
    for (size_t i = 0; i < r->count && step.is_faulty; i++) step.outputs[i] = czm_fact_unknown();
    if (!step.is_faulty) complete(e, in, r, step.outputs);
}

// ---- one graph

// The facts of the value that enters the loop, joined with those of earlier rounds.
static czm_fact assume(czm_engine *e, const czm_instance *in, const loop *l, bool is_first) {
    const czm_node *merge = in->records[l->position].node;
    czm_fact assumed = l->assumed;
    for (size_t i = 0; i < merge->inputs.count; i++) {
        if (!is_before(merge->inputs.items[i], l->position)) continue;
        const czm_fact *fact = find_fact(in, merge->inputs.items[i], l->position);
        if (!fact) return czm_fact_unknown();
        assumed = is_first ? *fact : czm_fact_join(e->arena, &assumed, fact);
        is_first = false;
    }
    return assumed;
}

static void walk(czm_engine *e, czm_instance *in, unsigned round) {
    size_t passed = 0;
    for (size_t p = 0; p < in->count; p++) {
        bool is_loop = passed < in->loops.count && in->loops.items[passed].position == p;
        loop *l = is_loop ? &in->loops.items[passed++] : NULL;
        if (l) l->assumed = assume(e, in, l, round == 0);
        infer_node(e, in, p, p, l ? &l->assumed : NULL);
    }
}

// Whether the assumption of each loop holds; weakens the assumptions that do not.
static bool loops_hold(czm_engine *e, czm_instance *in) {
    bool hold = true;
    for (size_t i = 0; i < in->loops.count; i++) {
        loop *l = &in->loops.items[i];
        const czm_node *merge = in->records[l->position].node;
        for (size_t k = 0; k < merge->inputs.count; k++) {
            const czm_fact *back = find_fact(in, merge->inputs.items[k], in->count);
            czm_fact unknown = czm_fact_unknown();
            czm_fact joined = czm_fact_join(e->arena, &l->assumed, back ? back : &unknown);
            if (!czm_fact_equal(&joined, &l->assumed)) hold = false;
            l->assumed = joined;
        }
    }
    return hold;
}

static void infer_graph(czm_engine *e, czm_instance *in) {
    const czm_shape_fault fault = e->shapes->fault;
    const czm_node *stopped_at = e->shapes->stopped_at;
    for (unsigned round = 0; round <= MOST_ROUNDS; round++) {
        // A fault under a wrong assumption may not be real.
        e->shapes->fault = fault;
        e->shapes->stopped_at = stopped_at;
        walk(e, in, round);
        if (loops_hold(e, in)) return;
        // The last round assumes nothing, so that it holds in any case.
        for (size_t i = 0; i < in->loops.count && round + 1 == MOST_ROUNDS; i++)
            in->loops.items[i].assumed = czm_fact_unknown();
    }
}

// ---- functions

static void give_arguments(czm_instance *in, const czm_fact *arguments) {
    for (size_t i = 0; i < in->graph->inputs.count; i++)
        give(in, in->graph->inputs.items[i].tensor, arguments[i]);
}

static czm_fact *take_results(czm_arena *arena, const czm_instance *in, size_t *count) {
    *count = in->graph->outputs.count;
    czm_fact *results = CZM_NEW_ARRAY(arena, czm_fact, *count);
    for (size_t i = 0; i < *count; i++) {
        const czm_fact *fact = find_fact(in, in->graph->outputs.items[i].tensor, in->count);
        results[i] = fact ? *fact : czm_fact_unknown();
    }
    return results;
}

static size_t cost_of(const czm_graph *graph) {
    size_t cost = graph->nodes.count;
    for (size_t p = 0; p < graph->nodes.count; p++) {
        const czm_attr_list *attrs = &graph->nodes.items[p]->attrs;
        cost += graph->nodes.items[p]->inputs.count;
        for (size_t i = 0; i < attrs->count; i++)
            cost += attrs->items[i].value.size / BYTES_PER_STEP;
    }
    return cost;
}

static void set_steps(czm_engine *e) {
    const czm_model *model = e->model;
    czm_work(e->arena, model->functions.count, "the functions of the graph");
    e->steps = cost_of(&model->main) * CALL_BUDGET + SPARE_STEPS;
    for (size_t i = 0; i < model->functions.count; i++)
        e->steps += cost_of(model->functions.items[i]) * CALL_BUDGET;
    e->steps_left = e->steps;
}

// NULL: there is no function of this name.
static czm_instance *function_of(czm_engine *e, czm_bytes name) {
    const czm_graph *graph = czm_model_function(e->model, name);
    if (!graph) return NULL;
    czm_name_slot *slot = czm_name_slot_for(e->arena, &e->functions, czm_bytes_text(graph->name));
    if (slot->value) return slot->value;
    czm_instance *in = slot->value = CZM_NEW(e->arena, czm_instance);
    in->graph = graph;
    in->cost = cost_of(graph);
    return in;
}

czm_fact *czm_step_call_function(czm_step *step, czm_bytes name, const czm_fact *arguments,
                                 size_t argument_count, bool surely_runs, size_t *result_count) {
    czm_engine *e = step->engine;
    czm_instance *in = function_of(e, name);
    if (!e->steps) set_steps(e);
    if (!in || in->is_running || e->nesting == DEEPEST_NEST ||
        argument_count != in->graph->inputs.count || e->steps_left < in->cost)
        return NULL;
    e->steps_left -= in->cost;
    prepare(e->arena, in);
    give_arguments(in, arguments);
    bool is_uncertain = !surely_runs || step->branches > 0;
    in->is_running = true;
    e->nesting++;
    e->uncertain += is_uncertain;
    infer_graph(e, in);
    e->uncertain -= is_uncertain;
    e->nesting--;
    in->is_running = false;
    return take_results(e->arena, in, result_count);
}

// ---- the whole model

static czm_engine begin(czm_arena *arena, const czm_model *model, const czm_graph *graph) {
    czm_engine e = {.arena = arena, .shapes = CZM_NEW(arena, czm_shapes), .model = model};
    e.shapes->main.graph = graph;
    prepare(arena, &e.shapes->main);
    return e;
}

static czm_shapes *infer_main(czm_engine *e, const czm_model *model, const czm_shape *input) {
    if (input && model->main.inputs.count) {
        czm_dims dims = czm_dims_of(*input);
        give(&e->shapes->main, model->main.inputs.items[0].tensor,
             (czm_fact){.shape = czm_dims_keep(e->arena, &dims)});
    }
    infer_graph(e, &e->shapes->main);
    return e->shapes;
}

czm_shapes *czm_shapes_infer(czm_arena *arena, const czm_model *model, const czm_shape *input) {
    czm_engine e = begin(arena, model, &model->main);
    return infer_main(&e, model, input);
}

static czm_shape input_shape(czm_arena *arena, const czm_model *model, const czm_shape *input) {
    czm_shape unknown = czm_shape_unknown();
    if (input || !model->main.inputs.count) return input ? *input : unknown;
    return czm_shape_read(arena, czm_attr_shape(model->main.inputs.items[0].tensor.node, "shape"));
}

czm_shapes *czm_shapes_infer_any(czm_arena *arena, const czm_model *model, const czm_shape *input) {
    czm_shape shape = input_shape(arena, model, input);
    czm_engine e = begin(arena, model, &model->main);
    for (int i = 0; i < SAMPLES && shape.rank == 4 && !czm_shape_is_complete(shape); i++) {
        czm_dims dims = czm_dims_of(shape);
        for (int k = 0; k < 4; k++)
            if (dims.at[k] == CZM_UNKNOWN) dims.at[k] = sample_sizes[i][k];
        czm_shape sample = czm_dims_shape(&dims);
        e.samples[i] = czm_shapes_infer(arena, model, &sample);
    }
    e.shapes->sample = e.samples[0];
    return infer_main(&e, model, input);
}

czm_shapes *czm_shapes_compute(czm_arena *arena, const czm_model *model, const czm_graph *graph,
                               const czm_computation *computation) {
    czm_engine e = begin(arena, model, graph);
    e.computation = computation;
    infer_graph(&e, &e.shapes->main);
    return e.shapes;
}

// ---- a graph that grows

czm_shapes *czm_shapes_follow(czm_arena *arena, const czm_model *model) {
    czm_engine *e = CZM_NEW(arena, czm_engine);
    *e = begin(arena, model, &model->main);
    e->shapes->engine = e;
    return e->shapes;
}

static void follow_node(czm_engine *e, czm_instance *in, czm_node *node) {
    size_t position = in->count;
    record r = {.node = node, .first = in->fact_count, .count = output_count(node, SPARE_OUTPUTS)};
    in->records = czm_list_grow(e->arena, in->records, position, &in->record_capacity, sizeof r);
    in->records[position] = r;
    for (size_t i = 0; i < r.count; i++) {
        in->facts = czm_list_grow(e->arena, in->facts, in->fact_count, &in->fact_capacity,
                                  sizeof *in->facts);
        in->facts[in->fact_count++] = czm_fact_unknown();
    }
    in->count = node->order = (uint32_t)position + 1;
    infer_node(e, in, position, position, NULL);
}

void czm_shapes_catch_up(czm_shapes *shapes) {
    czm_instance *in = &shapes->main;
    while (in->count < in->graph->nodes.count)
        follow_node(shapes->engine, in, in->graph->nodes.items[in->count]);
}

czm_shapes *czm_shapes_infer_live(czm_arena *arena, const czm_model *model,
                                  const czm_shape *input) {
    czm_engine *e = CZM_NEW(arena, czm_engine);
    *e = begin(arena, model, &model->main);
    e->shapes->engine = e;
    return infer_main(e, model, input);
}

bool czm_shapes_again(czm_shapes *shapes, const czm_node *node) {
    czm_engine *e = shapes->engine;
    czm_instance *in = &shapes->main;
    const record *r = &in->records[node->order - 1];
    unsigned branches = r->branches;
    czm_fact *before = CZM_NEW_ARRAY(e->arena, czm_fact, r->count);
    for (size_t i = 0; i < r->count; i++) before[i] = in->facts[r->first + i];
    e->steps_left = e->steps; // functions may be called as often as at first
    infer_node(e, in, node->order - 1, in->count, NULL);
    bool is_same = r->branches == branches;
    for (size_t i = 0; i < r->count && is_same; i++)
        is_same = czm_fact_equal(&before[i], &in->facts[r->first + i]);
    return !is_same;
}

void czm_shapes_assume(czm_shapes *shapes, czm_tensor tensor, czm_shape shape) {
    give(&shapes->main, tensor, (czm_fact){.shape = shape});
}

static czm_fact fact_of(czm_arena *arena, const czm_argument *argument) {
    if (!argument->is_variable)
        return (czm_fact){.shape = argument->shape, .value = argument->value};
    czm_content *content = CZM_NEW(arena, czm_content);
    *content = (czm_content){.shape = argument->shape, .count = 1};
    czm_fact fact = czm_fact_unknown();
    fact.content = content;
    return fact;
}

czm_shapes *czm_shapes_infer_function(czm_arena *arena, const czm_model *model,
                                      const czm_graph *function, const czm_argument *arguments) {
    czm_engine e = begin(arena, model, function);
    for (size_t i = 0; i < function->inputs.count; i++)
        give(&e.shapes->main, function->inputs.items[i].tensor, fact_of(arena, &arguments[i]));
    infer_graph(&e, &e.shapes->main);
    return e.shapes;
}

czm_shape czm_shape_of(const czm_shapes *shapes, czm_tensor tensor) {
    const czm_fact *fact = find_fact(&shapes->main, tensor, shapes->main.count);
    return fact ? fact->shape : czm_shape_unknown();
}

czm_shape czm_shape_of_sample(const czm_shapes *shapes, czm_tensor tensor) {
    return czm_shape_of(shapes->sample ? shapes->sample : shapes, tensor);
}

czm_value czm_value_of(const czm_shapes *shapes, czm_tensor tensor) {
    const czm_fact *fact = find_fact(&shapes->main, tensor, shapes->main.count);
    return fact ? fact->value : (czm_value){0};
}

const czm_shape_fault *czm_shapes_fault(const czm_shapes *shapes) {
    return shapes->fault.node ? &shapes->fault : NULL;
}

const czm_node *czm_shapes_stopped_at(const czm_shapes *shapes) { return shapes->stopped_at; }
