/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_ASK_H
#define CLI_COMMON_ASK_H

/* Asks the user at the terminal a question. */
typedef enum cli_answer {
    CLI_ANSWER_NO, /* also at the end of the input, and for any answer except yes */
    CLI_ANSWER_YES,
    CLI_ANSWER_NOBODY, /* not asked: standard input or output is not a terminal */
} cli_answer;

/* Prints the question, followed by " [y/N] ", and waits for a line. */
cli_answer cli_ask(const char *question);

#endif
