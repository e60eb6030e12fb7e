/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_ASK_H
#define CLI_COMMON_ASK_H

/* A question to the person at the terminal. */
typedef enum cli_answer {
    CLI_ANSWER_NO, /* also at the end of the input, and for anything that is not yes */
    CLI_ANSWER_YES,
    CLI_ANSWER_NOBODY, /* standard input or output is not a terminal, so nobody was asked */
} cli_answer;

/* Prints the question with " [y/N] " after it, and waits for a line. */
cli_answer cli_ask(const char *question);

#endif
