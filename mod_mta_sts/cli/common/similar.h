/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SIMILAR_H
#define CLI_COMMON_SIMILAR_H

/* Misspelled names of subcommands and options. */

/*
 * Finds the name that was probably meant.
 *
 * @param name  as typed
 * @param names the names that exist
 * @return the name from which at most two edits (a missing, wrong, extra or swapped character) lead
 *         to the typed one; NULL if there is none
 */
const char *cli_similar(const char *name, const char *const *names, int count);

#endif
