/*
 * Kamailio's xmpp module ends its list of attributes at an empty name, where expat ends it with NULL, and dies of the
 * difference with the first element that it receives. Preloaded, this gives it the list that it expects.
 */
#include <dlfcn.h>
#include <stddef.h>

#define MOST 128

typedef void (*start_fn)(void *, const char *, const char **);
typedef void (*end_fn)(void *, const char *);

static start_fn wrapped;

static void start(void *user, const char *name, const char **atts)
{
	const char *list[MOST + 2];
	int i = 0;
	while(atts != NULL && atts[i] != NULL && i < MOST) {
		list[i] = atts[i];
		i++;
	}
	list[i] = "";
	list[i + 1] = NULL;
	wrapped(user, name, list);
}

void XML_SetElementHandler(void *parser, start_fn on_start, end_fn on_end)
{
	/* A module's libraries are in no scope but its own, so RTLD_NEXT would not find it. */
	void *expat = dlopen("libexpat.so.1", RTLD_NOW);
	void (*next)(void *, start_fn, end_fn) = dlsym(expat, "XML_SetElementHandler");
	wrapped = on_start;
	next(parser, start, on_end);
}
