// SPDX-License-Identifier: GPL-2.0-or-later
/* Three threads parse a document; prints the last number of expat's version each 20 ms. */
#include "tests/hotpatch/programs/use_library.h"

struct version {
	int major, minor, micro;
};

void *XML_ParserCreate(const char *encoding);
void XML_ParserFree(void *parser);
void XML_SetUserData(void *parser, void *data);
void XML_SetCharacterDataHandler(void *parser,
				 void (*handler)(void *data, const char *text, int n));
int XML_Parse(void *parser, const char *text, int n, int is_final);
struct version XML_ExpatVersionInfo(void);

struct text {
	unsigned char *to;
	size_t n;
};

static void take(void *data, const char *text, int n)
{
	struct text *t = data;

	memcpy(t->to + t->n, text, (size_t)n);
	t->n += (size_t)n;
}

/* As letters between two tags. */
static int there_and_back(const unsigned char *from, size_t n, unsigned char *to)
{
	static const char begin[] = "<a>", end[] = "</a>";
	struct text t = { .to = to };
	void *parser = XML_ParserCreate(NULL);
	char letters[ROOM];
	int ok;

	for (size_t i = 0; i < n; i++)
		letters[i] = (char)('a' + from[i]);
	XML_SetUserData(parser, &t);
	XML_SetCharacterDataHandler(parser, take);
	ok = XML_Parse(parser, begin, 3, 0) && XML_Parse(parser, letters, (int)n, 0) &&
	     XML_Parse(parser, end, 4, 1);
	XML_ParserFree(parser);
	for (size_t i = 0; i < t.n; i++)
		to[i] = (unsigned char)(to[i] - 'a');
	return !ok || t.n != n;
}

static unsigned long seen(void)
{
	return (unsigned long)XML_ExpatVersionInfo().micro;
}
