/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SIMILAR_H
#define CLI_COMMON_SIMILAR_H

/* Misspelled names of subcommands and options. */

/*
 * @param name as typed
 * @param names those that exist
 * @return the one that was probably meant: at most two characters are missing, wrong, swapped or
 *         too many; NULL if there is none
 */
const char *cli_similar(const char *name, const char *const *names, int count);

#endif
