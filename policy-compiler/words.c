// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <stdint.h>
#include <string.h>

#include "words.h"

static const struct {
	const char *text;
	uint8_t len;
} dg_words[DG_WORD_MAX] = {
	[DG_WORD_NONE] = { "", 0 },
#define WORD(symbol, string) [DG_WORD_##symbol] = { string, sizeof(string) - 1 },
#include "words.def"
#undef WORD
};

/* The first word of each letter that begins one. */
static const uint8_t dg_first_words['z' - 'a' + 1] = {
	['a' - 'a'] = DG_WORD_ABI,    ['b' - 'a'] = DG_WORD_BY,	  ['d' - 'a'] = DG_WORD_DEFAULT,
	['e' - 'a'] = DG_WORD_EXPECT, ['f' - 'a'] = DG_WORD_FALSE, ['i' - 'a'] = DG_WORD_IMPORT,
	['k' - 'a'] = DG_WORD_KNOWN,  ['l' - 'a'] = DG_WORD_LIKE, ['m' - 'a'] = DG_WORD_MODE,
	['n' - 'a'] = DG_WORD_NEVER,  ['o' - 'a'] = DG_WORD_ON,	  ['p' - 'a'] = DG_WORD_PERMISSIVE,
	['r' - 'a'] = DG_WORD_REASON, ['s' - 'a'] = DG_WORD_SET,  ['t' - 'a'] = DG_WORD_TEST,
	['u' - 'a'] = DG_WORD_UNTIL,  ['v' - 'a'] = DG_WORD_VERSION, ['w' - 'a'] = DG_WORD_WHERE,
};

enum dg_word dg_word_find(const char *text, size_t len)
{
	unsigned int word;

	if (!len || text[0] < 'a' || text[0] > 'z')
		return DG_WORD_NONE;
	word = dg_first_words[text[0] - 'a'];
	if (!word)
		return DG_WORD_NONE;
	for (; word < DG_WORD_MAX && dg_words[word].text[0] == text[0]; word++)
		if (dg_words[word].len == len && !memcmp(dg_words[word].text, text, len))
			return (enum dg_word)word;
	return DG_WORD_NONE;
}

const char *dg_word_text(enum dg_word word)
{
	return (size_t)word < DG_WORD_MAX ? dg_words[word].text : "";
}
