/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_STATE_JSON_H
#define CLI_WATCH_STATE_JSON_H

#include "cli/watch/state.h"

/* The text of watch.json. */

/*
 * Reads it into the items and domains of a state; these are empty after an error.
 *
 * @param is_newer out: whether it is of a version that this program does not know
 * @return NULL, or what is wrong with it
 */
const char *cli_watch_state_parse(cli_watch_state *state, const char *text, apr_size_t len,
                                  int *is_newer);

/* Renders it; the caller frees the text. */
char *cli_watch_state_render(const cli_watch_state *state);

#endif
