// SPDX-License-Identifier: Apache-2.0
//
// Values of small constants.
#include "graph/tensor_proto.h"
#include "op/number.h"
#include "shape/ops.h"

// Sets the value of output 0, whose shape is set, to raw elements; nothing if their number differs.
static void set_raw(czm_step *step, czm_dtype dtype, czm_bytes content) {
    size_t count = 0, size = czm_dtype_size(dtype);
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    if (!elements || size == 0 || content.size != count * size) return;
    for (size_t i = 0; i < count; i++) {
        double number;
        if (!czm_number_read(dtype, content.data + i * size, &number)) return;
        elements[i] = czm_element_of(dtype, number);
    }
    czm_step_set_elements(step, 0, elements, count);
}

// A variable's value, in a computation with weights.
void czm_fold_read(czm_step *step) {
    const czm_computation *c = step->computation;
    int64_t count = czm_shape_count(step->outputs[0].shape);
    if (!c || !c->read || count < 0 || (uint64_t)count > step->most_elements) return;
    set_raw(step, czm_tensor_dtype(czm_output((czm_node *)step->node)),
            c->read(c->user, step->node->inputs.items[0].node));
}

void czm_fold_const(czm_step *step) {
    czm_bytes tensor = czm_attr_tensor(step->node, "value");
    czm_dtype dtype = (czm_dtype)czm_wire_find(tensor, 1).value;
    czm_bytes content = czm_wire_find(tensor, 4).bytes; // tensor_content; else a list
    int64_t count = czm_shape_count(step->outputs[0].shape);
    if (content.size == 0 && count > 0 && (uint64_t)count <= step->most_elements)
        content = czm_tensor_content(step->arena, tensor, dtype, (size_t)count);
    set_raw(step, dtype, content);
}
