/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/similar.h"

#include <string.h>

#define NAME_MAX_LEN 24 /* longer names are never similar */
#define SIMILAR 2       /* the distance up to which names are similar */

/* The edit distance: the number of characters to insert, delete or replace, or of neighbours to
 * swap, to turn one text into the other (Damerau-Levenshtein); the maximum for texts longer than
 * NAME_MAX_LEN. */
static int distance(const char *one, const char *other)
{
    int d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
    int n = (int)strnlen(one, NAME_MAX_LEN + 1), m = (int)strnlen(other, NAME_MAX_LEN + 1), i, j;

    if (n > NAME_MAX_LEN || m > NAME_MAX_LEN) {
        return NAME_MAX_LEN;
    }
    for (i = 0; i <= n; i++) {
        for (j = 0; j <= m; j++) {
            int least = i && j ? d[i - 1][j - 1] + (one[i - 1] != other[j - 1]) : i + j;

            least = i && d[i - 1][j] + 1 < least ? d[i - 1][j] + 1 : least;
            least = j && d[i][j - 1] + 1 < least ? d[i][j - 1] + 1 : least;
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] &&
                d[i - 2][j - 2] + 1 < least) {
                least = d[i - 2][j - 2] + 1;
            }
            d[i][j] = least;
        }
    }
    return d[n][m];
}

const char *cli_similar(const char *name, const char *const *names, int count)
{
    const char *found = NULL;
    int nearest = SIMILAR + 1, i;

    for (i = 0; i < count; i++) {
        int away = distance(name, names[i]);

        if (away < nearest && away < (int)strlen(names[i]) - 1) {
            nearest = away;
            found = names[i];
        }
    }
    return found;
}
