// SPDX-License-Identifier: Apache-2.0
#include "splice_step.h"

#include "edit/splice.h"
#include "edit/step.h"

bool splice_step(czm_context *context, czm_model *model, const char *text, bool is_before) {
    czm_model *part = CZM_NEW(context->arena, czm_model);
    czm_edit_step step = {.text = text, .is_before = is_before};
    czm_port *port = is_before ? &model->main.inputs.items[0] : &model->main.outputs.items[0];
    czm_shape shape = czm_shape_of(czm_shapes_infer(context->arena, model, NULL), port->tensor);
    if (czm_step_parse(context, &step) || !step.kind ||
        czm_step_build(context, &step, model->ops, shape, port->dtype, part))
        return false;
    if (is_before)
        czm_splice_before(model, part);
    else
        czm_splice_behind(model, part);
    return true;
}

void splice_model(czm_model *model, const czm_model *before) { czm_splice_before(model, before); }
