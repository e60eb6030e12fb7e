/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_STATE_JSON_H
#define CLI_WATCH_STATE_JSON_H

#include "cli/watch/state.h"

/* The text of watch.json. */

/*
 * Parses the text into the items and domains of a state, which are empty after an error.
 *
 * @param is_newer out: whether it has a version that this program does not know
 * @return NULL, or what is wrong with it
 */
const char *cli_watch_state_parse(cli_watch_state *state, const char *text, apr_size_t len,
                                  int *is_newer);

/* Renders a state; the caller frees the text. */
char *cli_watch_state_render(const cli_watch_state *state);

#endif
