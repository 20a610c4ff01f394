// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

static struct {
	char words[160];
	double started, drawn;
	bool active, visible;
} step;

static bool on_terminal(void)
{
	return isatty(STDERR_FILENO);
}

void progress_hide(void)
{
	if (step.visible)
		fputs("\r\033[K", stderr);
	step.visible = false;
}

static void draw(const char *note)
{
	double now = clock_seconds();

	if (!on_terminal() || log_level() < LOG_NORMAL)
		return;
	fprintf(stderr, "\r\033[K  … %s%s%s", step.words, *note ? "  " : "", note);
	if (now - step.started >= 1)
		fprintf(stderr, "  %s", str_duration(now - step.started).s);
	fflush(stderr);
	step.visible = true;
	step.drawn = now;
}

void progress_step(const char *fmt, ...)
{
	va_list ap;

	progress_done();
	va_start(ap, fmt);
	vsnprintf(step.words, sizeof(step.words), fmt, ap);
	va_end(ap);
	step.started = clock_seconds();
	step.active = true;
	draw("");
}

void progress_note(const char *fmt, ...)
{
	char note[96];
	va_list ap;

	if (!step.active || clock_seconds() - step.drawn < 0.05)
		return;
	va_start(ap, fmt);
	vsnprintf(note, sizeof(note), fmt, ap);
	va_end(ap);
	draw(note);
}

void progress_done(void)
{
	double took = clock_seconds() - step.started;

	if (!step.active)
		return;
	progress_hide();
	if (log_level() >= LOG_NORMAL && (on_terminal() || took >= 1))
		fprintf(stderr, "  %s  %s\n", step.words, str_duration(took).s);
	step.active = false;
}

void progress_abandon(void)
{
	progress_hide();
	step.active = false;
}
