// SPDX-License-Identifier: Apache-2.0
//
// Names of devices, and names that only look so.
#include "base/device_name.h"
#include "support.h"

static void every_device_is_known(void **state) {
    (void)state;
    static const char *const names[] = {"CON",      "con.czmodel", "Nul.tar.gz", "AUX ",
                                        "prn .txt", "COM1",        "lpt9.json",  "COM\xc2\xb2",
                                        "CONIN$",   "conout$.x",   "nul:",       "COM0"};
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++)
        if (!czm_is_device_name(names[i])) fail_msg("%s", names[i]);
}

static void other_names_are_not(void **state) {
    (void)state;
    static const char *const names[] = {"",      "CONE", "model.con",   "COM",
                                        "COM12", "COMx", "COM\xc2\xb5", ".nul",
                                        "LPT.",  " CON", "null",        "CONIN"};
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++)
        if (czm_is_device_name(names[i])) fail_msg("%s", names[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_device_is_known),
        cmocka_unit_test(other_names_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
