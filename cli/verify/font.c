// SPDX-License-Identifier: Apache-2.0
//
// Letters for the legend, drawn for this program: four pixels wide, six high and two below the line. Each hexadecimal
// digit is a row.
#include "cli/verify/verify.h"

// From the space to the tilde.
static const uint32_t glyphs[] = {
    0x00000000, 0x44440400, 0xaa000000, 0x0afafa00, 0x47c63e40, 0x91248900, 0x4a4ba500, // !"#$%&
    0x44000000, 0x24444200, 0x42222400, 0x0a4e4a00, 0x004e4000, 0x00000448, 0x000e0000, // '()*+,-
    0x00000400, 0x12244800,                                                             // ./
    0x69bd9600, 0x26222700, 0x69124f00, 0xe1611e00, 0x26af2200, 0xf8e11e00, 0x68e99600, // 0123456
    0xf1224400, 0x69699600, 0x69971600,                                                 // 789
    0x00400400, 0x00400448, 0x01242100, 0x00e0e000, 0x04212400, 0x69120200, 0x69bb8600, // :;<=>?@
    0x699f9900, 0xe9e99e00, 0x69889600, 0xe9999e00, 0xf8e88f00, 0xf8e88800, 0x698b9700, // ABCDEFG
    0x99f99900, 0xe4444e00, 0x11119600, 0x9acca900, 0x88888f00, 0x9ff99900, 0x9ddbb900, // HIJKLMN
    0x69999600, 0xe99e8800, 0x69999610, 0xe99ea900, 0x78611e00, 0xe4444400, 0x99999600, // OPQRSTU
    0xaaaaa400, 0x999ff900, 0x99669900, 0xaaa44400, 0xf1248f00,                         // VWXYZ
    0x64444600, 0x84422100, 0x62222600, 0x4a000000, 0x000000f0, 0x42000000,             // [\]^_`
    0x00799700, 0x88e99e00, 0x00788700, 0x11799700, 0x006f8700, 0x34e44400, 0x00799716, // abcdefg
    0x88e99900, 0x40444400, 0x20222224, 0x889ea900, 0x44444200, 0x00ff9900, 0x00e99900, // hijklmn
    0x00699600, 0x00e99e88, 0x00799711, 0x00bc8800, 0x007c3e00, 0x44e44300, 0x00999700, // opqrstu
    0x00aaa400, 0x0099ff00, 0x00966900, 0x00999716, 0x00f24f00,                         // vwxyz
    0x24844200, 0x44444440, 0x42122400, 0x005a0000,                                     // {|}~
};

uint32_t cli_glyph(char character) {
    size_t index = (size_t)(unsigned char)character - ' ';
    return index < CZM_COUNT_OF(glyphs) ? glyphs[index] : 0xf9999f00; // a box
}
