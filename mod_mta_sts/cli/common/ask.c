/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/ask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

cli_answer cli_ask(const char *question)
{
    static const char blanks[] = " \t\r\n";
    char line[100], *word = line;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return CLI_ANSWER_NOBODY;
    }
    printf("%s [y/N] ", question);
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin)) {
        puts(""); /* at the end of the input, the cursor is still after the question */
        return CLI_ANSWER_NO;
    }
    word += strspn(word, blanks);
    word[strcspn(word, blanks)] = '\0';
    return strcasecmp(word, "y") == 0 || strcasecmp(word, "yes") == 0 ? CLI_ANSWER_YES
                                                                      : CLI_ANSWER_NO;
}
