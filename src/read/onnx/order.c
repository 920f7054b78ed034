// SPDX-License-Identifier: Apache-2.0
//
// Orders of axes; see order.h.
#include "read/onnx/order.h"

czm_order czm_order_plain(int rank) {
    czm_order order = {.rank = rank < 0 ? 0 : rank > CZM_MOST_AXES ? CZM_MOST_AXES : rank};
    rank = order.rank;
    for (int k = 0; k < rank; k++) order.axis[k] = k;
    return order;
}

int czm_order_last(const czm_order *order) {
    return order->rank ? order->axis[order->rank - 1] : -1;
}

czm_order czm_order_ending_with(const czm_order *order, int axis) {
    czm_order moved = {.rank = order->rank};
    int k = 0;
    for (int i = 0; i < order->rank; i++)
        if (order->axis[i] != axis) moved.axis[k++] = order->axis[i];
    moved.axis[k] = axis;
    return moved;
}

czm_order czm_order_channels_last(int rank) {
    czm_order plain = czm_order_plain(rank);
    return rank < 3 ? plain : czm_order_ending_with(&plain, 1);
}

bool czm_order_equal(const czm_order *a, const czm_order *b) {
    for (int k = 0; k < a->rank && a->rank == b->rank; k++)
        if (a->axis[k] != b->axis[k]) return false;
    return a->rank == b->rank;
}

bool czm_order_is_plain(const czm_order *order) {
    czm_order plain = czm_order_plain(order->rank);
    return czm_order_equal(order, &plain);
}

int czm_order_place(const czm_order *order, int axis) {
    for (int k = 0; k < order->rank; k++)
        if (order->axis[k] == axis) return k;
    return 0;
}

static int rank_below(unsigned axes, int axis) {
    int left = 0;
    for (int a = 0; a < axis; a++) left += !(axes >> a & 1);
    return left;
}

czm_order czm_order_without(const czm_order *order, unsigned axes) {
    czm_order left = {0};
    for (int k = 0; k < order->rank; k++)
        if (!(axes >> order->axis[k] & 1))
            left.axis[left.rank++] = rank_below(axes, order->axis[k]);
    return left;
}

czm_dims czm_order_restore(const czm_order *order, czm_shape stored) {
    czm_dims plain = czm_dims_unknown(order->rank);
    for (int k = 0; k < order->rank && stored.rank == order->rank; k++)
        plain.at[order->axis[k]] = stored.dims[k];
    return plain;
}

czm_dims czm_order_apply(const czm_order *order, czm_shape plain) {
    czm_dims stored = czm_dims_unknown(order->rank);
    for (int k = 0; k < order->rank && plain.rank == order->rank; k++)
        stored.at[k] = plain.dims[order->axis[k]];
    return stored;
}
