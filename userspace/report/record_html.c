// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A record as one page that needs nothing else: no script, no font, no network (its policy
 * forbids them). What is foreign goes through page_html(), always.
 */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "report/page.h"
#include "report/record.h"
#include "report/record_chart.h"

static const char head[] =
	"<!doctype html>\n<html lang=en><meta charset=utf-8>\n"
	"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n"
	"<meta name=viewport content=\"width=device-width\"><meta name=color-scheme "
	"content=\"light dark\">\n<style>\n"
	":root{--ink:#1c2430;--soft:#5b6675;--page:#f5f6f8;--card:#fff;--rule:#dfe3e8;"
	"--before:#4c6a92;--after:#c2510c;--healthy:#18713c;--degraded:#8a5a00;--failed:#b42318;"
	"--inconclusive:#3b4fa3}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa5b4;--page:#12161c;"
	"--card:#1a2028;--rule:#303945;--before:#86a8d8;--after:#f4914e;--healthy:#5bc98a;"
	"--degraded:#e3b04b;--failed:#ff7b6e;--inconclusive:#9fb0ff}}\n"
	"*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
	"font:15px/1.5 system-ui,sans-serif}main{max-width:960px;margin:0 auto;padding:32px 20px}\n"
	"header{border-left:6px solid var(--tone);padding:2px 0 2px 18px;margin-bottom:24px}"
	"h1{font-size:26px;line-height:1.3;margin:4px 0 8px}h2{font-size:18px;margin:0 0 10px}"
	"h3{font-size:15px;margin:18px 0 6px}p{margin:4px 0}\n"
	".word{color:var(--tone);font-weight:700;letter-spacing:.06em;text-transform:uppercase;"
	"font-size:14px}.soft,.none,caption{color:var(--soft)}\n"
	"section{background:var(--card);border:1px solid var(--rule);border-radius:10px;"
	"padding:18px 20px;margin:16px 0;overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
	"th,td{padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid "
	"var(--rule)}th{font-weight:600;color:var(--soft);font-size:13px}"
	".n{text-align:right}td.path{font:12px ui-monospace,monospace}"
	"td{overflow-wrap:anywhere}\n"
	"svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--soft)}"
	".grid{stroke:var(--rule);fill:none}.axis{stroke:var(--soft);fill:none}"
	".area{fill-opacity:.28;stroke-width:1.5}.area.before{fill:var(--before);stroke:"
	"var(--before)}.area.after{fill:var(--after);stroke:var(--after)}\n"
	".median{stroke-width:1.5;stroke-dasharray:4 4;fill:none}.median.before{stroke:"
	"var(--before)}.median.after{stroke:var(--after)}.line{fill:none;stroke-width:1.8;"
	"stroke-linejoin:round;stroke:var(--before)}.line.p99{stroke:var(--after)}"
	".line.errors{stroke:var(--failed)}svg text.key{font-weight:600;fill:var(--before)}"
	"svg text.key.p99{fill:var(--after)}svg text.key.errors{fill:var(--failed)}\n"
	".mark{fill:none;stroke:var(--ink);stroke-dasharray:2 3}.mark.back,.mark.judged{stroke:"
	"var(--tone)}svg text.flag{fill:var(--ink);font-weight:600}\n"
	".key-before,.key-after{font-weight:600}.key-before{color:var(--before)}"
	".key-after{color:var(--after)}summary{cursor:pointer;font-weight:600}"
	"footer{color:var(--soft);font-size:13px}\n"
	"@media print{body{background:#fff}section{break-inside:avoid;border-color:#bbb}"
	"main{padding:0}details.all{display:none}}\n</style>\n";

static const char *or_unknown(const char *s)
{
	return s && *s ? s : "unknown";
}

static void tagged(struct page *p, const char *open, const char *text, const char *close)
{
	page_puts(p, open);
	page_html(p, text);
	page_puts(p, close);
}

/* A cell whose value a program can read exactly, and a person at a glance. */
static void cell(struct page *p, struct figure f, const char *shown)
{
	if (f.known) {
		page_printf(p, "<td class=n><data value=\"%s\">", str_exact(f.value).s);
		tagged(p, "", shown, "</data>");
	} else {
		tagged(p, "<td class=\"n soft\">", f.why ? f.why : "unknown", "");
	}
	page_puts(p, "</td>");
}

static void number_cell(struct page *p, struct figure f)
{
	cell(p, f, page_number(f.value).s);
}

static void difference(struct page *p, struct figure before, struct figure after)
{
	if (before.known && after.known && before.value > 0)
		page_printf(p, "<td class=n>%+.1f %%</td>", (after.value / before.value - 1) * 100);
	else
		page_puts(p, "<td class=n></td>");
}

static void answer(struct page *p, const struct record *r)
{
	const struct record_verdict *v = &r->verdict;

	tagged(p, "<title>", r->patch, ": ");
	tagged(p, "", v->word, "</title>\n");
	tagged(p, "<body style=\"--tone:var(--", v->word, ")\">\n<main><header><p class=word>");
	tagged(p, "", v->word, "</p><h1>");
	tagged(p, "", v->reason, "</h1><p><b>");
	tagged(p, "", r->outcome, "</b>");
	if (v->at.known)
		page_printf(p, " · verdict after <data value=\"%s\">%s</data>",
			    str_exact(v->at.value).s, str_duration(v->at.value).s);
	tagged(p, " · ", r->patch, "</p>\n");
	if (r->title)
		tagged(p, "<p>", r->title, "</p>");
	tagged(p, "<p class=soft>", str_equal(r->of, "kernel") ? "kernel " : "processes on kernel ",
	       "");
	tagged(p, "", or_unknown(r->kernel), " of ");
	tagged(p, "", or_unknown(r->host), ", begun ");
	tagged(p, "", r->begun, "</p>");
	if (r->emulated)
		page_puts(p, "<p>Under an emulator: shares of time mean nothing here.</p>");
	page_puts(p, "</header>\n");
}

static void findings(struct page *p, const struct record_verdict *v)
{
	const struct record_finding *f = v->findings.v;

	page_puts(p, "<section><h2>What the judge found</h2>\n");
	if (v->findings.n)
		page_puts(p, "<table><thead><tr><th>Metric<th class=n>Effect<th class=n>Low<th "
			     "class=n>High<th class=n>Smallest visible<th>Unit<th>Evidence"
			     "</thead>\n");
	for (size_t i = 0; i < v->findings.n; i++) {
		tagged(p, "<tr><td>", f[i].metric, "</td>");
		number_cell(p, f[i].effect);
		number_cell(p, f[i].low);
		number_cell(p, f[i].high);
		number_cell(p, f[i].smallest);
		tagged(p, "<td>", f[i].unit ? f[i].unit : "", "</td>");
		tagged(p, "<td>",
		       f[i].evidence ? f[i].evidence
		       : f[i].known  ? ""
				     : "not known",
		       "</td></tr>\n");
	}
	page_puts(p, v->findings.n ? "</table>" : "<p class=none>Nothing was found.</p>");
	if (v->seconds_more.known)
		page_printf(p, "<p>It would still take %s to know.</p>",
			    str_duration(v->seconds_more.value).s);
	page_puts(p, v->controlled ? ""
				   : "<p>No control function moved along: a change of load is "
				     "not told from the patch.</p>");
	page_puts(p, "</section>\n");
}

static void span_rows(struct page *p, const struct record_function *f)
{
	static const char *const quantiles[][2] = {
		{ "0.5", "p50" }, { "0.9", "p90" }, { "0.99", "p99" }, { "0.999", "p99.9" }
	};
	const struct record_named *c = f->after.classes.v;

	page_puts(p, "<tr><th scope=row>calls</th>");
	number_cell(p, f->before.calls);
	number_cell(p, f->after.calls);
	page_puts(p, "<td></td></tr>\n<tr><th scope=row>calls a second</th>");
	number_cell(p, record_rate(&f->before, f->before.calls));
	number_cell(p, record_rate(&f->after, f->after.calls));
	difference(p, record_rate(&f->before, f->before.calls),
		   record_rate(&f->after, f->after.calls));
	page_puts(p, "</tr>\n");
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		struct figure before = record_named(&f->before.quantiles, quantiles[i][0]);
		struct figure after = record_named(&f->after.quantiles, quantiles[i][0]);

		tagged(p, "<tr><th scope=row>", quantiles[i][1], "</th>");
		cell(p, before, page_nanoseconds(before.value).s);
		cell(p, after, page_nanoseconds(after.value).s);
		difference(p, before, after);
		page_puts(p, "</tr>\n");
	}
	for (size_t i = 0; i < f->after.classes.n; i++) {
		tagged(p, "<tr><th scope=row>returns ", c[i].name, "</th>");
		number_cell(p, record_named(&f->before.classes, c[i].name));
		number_cell(p, c[i].figure);
		page_puts(p, "<td></td></tr>\n");
	}
}

static void function(struct page *p, const struct record_function *f, size_t id)
{
	tagged(p, "<section><h2>", f->function, " <span class=soft>");
	tagged(p, "", or_unknown(f->object), " · ");
	tagged(p, "", f->role, "</span></h2>\n<p class=soft>");
	tagged(p, f->by ? "measured by " : "not measured: ", f->by ? f->by : or_unknown(f->why),
	       "");
	if (f->sample_every.known && f->sample_every.value > 1)
		page_printf(p, ", one call in %.0f, by chance", f->sample_every.value);
	page_puts(p, "</p>\n");
	if (f->by) {
		page_puts(p, "<p><span class=key-before>■ before</span> &nbsp; "
			     "<span class=key-after>■ after</span></p>\n");
		record_chart_density(p, f, id);
		page_puts(p, "<table><thead><tr><th><th class=n>Before<th class=n>After<th "
			     "class=n>Difference</thead>\n");
		span_rows(p, f);
		page_puts(p, "</table>");
	}
	page_puts(p, "</section>\n");
}

static void signals(struct page *p, const struct record *r)
{
	const struct record_signal *s = r->signals.v;

	if (!r->signals.n)
		return;
	page_puts(p, "<section><h2>Signals</h2><table><thead><tr><th>Signal<th class=n>Before<th "
		     "class=n>After<th>Unit<th>Decides at once</thead>\n");
	for (size_t i = 0; i < r->signals.n; i++) {
		tagged(p, "<tr><td>", s[i].name, "</td>");
		if (s[i].unknown) {
			tagged(p, "<td colspan=4 class=soft>unknown: ", s[i].unknown,
			       "</td></tr>\n");
			continue;
		}
		number_cell(p, s[i].before);
		number_cell(p, s[i].after);
		tagged(p, "<td>", s[i].unit ? s[i].unit : "", "</td>");
		page_printf(p, "<td>%s</td></tr>\n", s[i].hard ? "yes" : "");
	}
	page_puts(p, "</table></section>\n");
}

static void events(struct page *p, const struct record *r)
{
	const struct record_event *e = r->events.v;
	const struct record_blocker *b = r->blockers.v;

	page_puts(p, "<section><h2>Course</h2>\n");
	record_chart_course(p, r);
	page_puts(p, "<table><thead><tr><th class=n>Seconds<th>Event<th>What</thead>\n");
	for (size_t i = 0; i < r->events.n; i++) {
		page_puts(p, "<tr>");
		cell(p, e[i].time, str_exact(e[i].time.value).s);
		tagged(p, "<td>", e[i].event, "</td>");
		tagged(p, "<td>", e[i].text ? e[i].text : "", "</td></tr>\n");
	}
	page_puts(p, "</table>\n");
	if (r->blockers.n)
		page_puts(p,
			  "<h3>Who held it up</h3><table><thead><tr><th>Process<th class=n>PID<th "
			  "class=n>Seconds<th>Function<th>Stack</thead>\n");
	for (size_t i = 0; i < r->blockers.n; i++) {
		const char *const *stack = (const char *const *)b[i].stack.v;

		tagged(p, "<tr><td>", or_unknown(b[i].comm), "</td>");
		cell(p, b[i].pid, str_exact(b[i].pid.value).s);
		number_cell(p, b[i].seconds);
		tagged(p, "<td>", or_unknown(b[i].function), "</td><td>");
		for (size_t k = 0; k < b[i].stack.n; k++)
			tagged(p, k ? "<br>" : "", stack[k], "");
		page_puts(p, "</td></tr>\n");
	}
	page_puts(p, r->blockers.n ? "</table></section>\n" : "</section>\n");
}

/* --- everything ------------------------------------------------------------------ */

static struct text32 leaf_text(const struct json_value *v)
{
	struct text32 t = { "null" };

	if (v->type == JSON_NUMBER && v->is_u64)
		snprintf(t.s, sizeof(t.s), "%llu", (unsigned long long)v->u64);
	else if (v->type == JSON_NUMBER)
		t = str_exact(v->number);
	else if (v->type == JSON_BOOL)
		snprintf(t.s, sizeof(t.s), "%s", v->truth ? "true" : "false");
	return t;
}

/* Each value in a row of its own under its path; the path is put together as it goes down. */
static void leaves(struct page *p, const struct json_value *v, struct strbuf *path)
{
	if (v->type != JSON_LIST && v->type != JSON_OBJECT) {
		tagged(p, "<tr><td class=path>", strbuf_str(path), "</td><td>");
		tagged(p, "", v->type == JSON_STRING ? v->string : leaf_text(v).s, "</td></tr>\n");
		return;
	}
	for (size_t i = 0; i < v->n && !p->error; i++) {
		size_t n = path->n;

		p->error = v->type == JSON_LIST
				   ? strbuf_printf(path, "[%zu]", i)
				   : strbuf_printf(path, "%s%s", n ? "." : "", v->items[i].key);
		leaves(p, &v->items[i], path);
		if (path->s)
			path->s[path->n = n] = '\0';
	}
}

static void everything(struct page *p, const char *title, const char *attributes,
		       const struct json_value *v)
{
	struct strbuf path __cleanup_strbuf = { 0 };

	if (!v || !v->n)
		return;
	page_printf(p, "<section><details %s><summary>%s</summary><table>\n", attributes, title);
	leaves(p, v, &path);
	page_puts(p, "</table></details></section>\n");
}

struct error *record_html(const struct record *r, struct strbuf *out)
{
	struct page p = { .to = out };
	const struct record_function *f = r->functions.v;

	page_puts(&p, head);
	answer(&p, r);
	findings(&p, &r->verdict);
	for (size_t i = 0; i < r->functions.n; i++)
		if (record_patched(&f[i]))
			function(&p, &f[i], i);
	events(&p, r);
	signals(&p, r);
	for (size_t i = 0; i < r->functions.n; i++)
		if (!record_patched(&f[i]))
			function(&p, &f[i], i);
	everything(&p, "Evidence: the proof that the new code runs", "open", r->proof);
	everything(&p, "Policy", "open", r->policy);
	everything(&p, "What watching cost", "open", json_member(r->root, "cost"));
	everything(&p, "All figures", "class=all id=all", r->root);
	tagged(&p, "<footer>suture ", or_unknown(r->version), " · bundle ");
	tagged(&p, "", or_unknown(r->bundle), "</footer></main></body></html>\n");
	return page_finish(&p);
}
