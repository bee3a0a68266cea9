// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* Devices as JSON (language page, section 9). */
#include <criterion/criterion.h>
#include <string.h>

#include "inventory.h"

static struct dg_inventory *load(const char *text, size_t warnings)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	struct dg_inventory *inventory = NULL;
	int err = dg_inventory_load_text("i", text, strlen(text), &diags, &inventory);

	cr_assert_eq(err, 0, "%.80s: %s", text, diags.count ? diags.items[0].message : "");
	cr_expect_eq(diags.warnings, warnings, "%.80s", text);
	return inventory;
}

static const struct dg_fact *fact(const struct dg_inventory *inventory, enum dg_attr_id id)
{
	return dg_device_fact(inventory->devices[0], dg_schema_attr(id), 0);
}

Test(inventory, shapes)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
		{ "{}", 1 },		   { "[{},{}]", 2 },	  { "{}\n{}\n", 2 },
		{ "\n{}\r\n\n{}", 2 }, { " [ { } ] \n", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory =
			load(cases[i].text, 0);

		cr_expect_eq(inventory->device_count, cases[i].count, "%s", cases[i].text);
	}
}

Test(inventory, integers_of_64_bits)
{
	static const uint64_t values[] = { 0, 7, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
		_cleanup_free_ char *text = NULL, *again = NULL;

		cr_assert_geq(asprintf(&text, "{\"pci.revision\":%llu}",
				       (unsigned long long)values[i]),
			      0);
		inventory = load(text, 0);
		cr_expect_eq(fact(inventory, DG_ATTR_PCI_REVISION)->scalar.num, values[i]);
		cr_assert_eq(dg_device_to_json(inventory->devices[0], &again), 0);
		cr_expect_str_eq(again, text);
	}
}

Test(inventory, refused)
{
	static const struct {
		const char *text;
		enum dg_diag_id want;
	} cases[] = {
		{ "", DG_E080 },
		{ "{", DG_E080 },
		{ "{} {}", DG_E080 },
		{ "[]", DG_E080 },
		{ "\n[\n]\n", DG_E080 },
		{ "{}\n[]", DG_E080 },
		{ "[{},]", DG_E080 },
		{ "[{} {}]", DG_E080 },
		{ "[{}", DG_E080 },
		{ "[{},", DG_E080 },
		{ "{\"bus\":[}", DG_E080 },
		{ "{\"bus\":\"\\", DG_E080 },
		{ "[{},7]", DG_E085 },
		{ "{\"bus\":\"a\",\"bus\":\"b\"}", DG_E081 },
		{ "{\"bus\":\"a\",\"\\u0062us\":\"b\"}", DG_E081 },
		{ "{\"bus\":\"a\\u0000b\"}", DG_E082 },
		{ "{\"pci.revision\":1.0}", DG_E083 },
		{ "{\"pci.revision\":1e3}", DG_E083 },
		{ "{\"pci.revision\":-1}", DG_E083 },
		{ "{\"pci.revision\":18446744073709551616}", DG_E083 },
		{ "{\"pci.revision\":\"7\"}", DG_E084 },
		{ "{\"pci.external\":1}", DG_E084 },
		{ "{\"pci.id\":\"10de:*\"}", DG_E084 },
		{ "{\"pci.id\":\"01:08:02\"}", DG_E084 },
		{ "{\"tdi.state\":\"runn\"}", DG_E084 },
		{ "{\"usb.interfaces\":\"08:06:50\"}", DG_E084 },
		{ "{\"usb.interfaces\":[null]}", DG_E084 },
		{ "{\"name\":7}", DG_E084 },
		{ "[7]", DG_E085 },
		{ "7", DG_E085 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_diags_ struct dg_diags diags = { 0 };
		struct dg_inventory *inventory = NULL;

		cr_expect_eq(dg_inventory_load_text("i", cases[i].text, strlen(cases[i].text),
						    &diags, &inventory),
			     -EBADMSG, "%s", cases[i].text);
		cr_expect_null(inventory);
		cr_assert_eq(diags.count, 1, "%s", cases[i].text);
		cr_expect_eq(diags.items[0].id, cases[i].want, "%s: %s", cases[i].text,
			     diags.items[0].message);
	}
}

/* Each line that lacks its end is an error of its own, and what stands behind is read. */
Test(inventory, lines_without_an_end)
{
	static const char text[] = "{\"bus\":\"pci\"\n"
				   "{\"bus\":7}\n"
				   "{\"acpi.ids\":[\n"
				   "{\"pci.revision\":-1}\n"
				   "{\"usb.serial\":\"a\n"
				   "{\"bus\":\"\xff\"}\n"
				   "{\n"
				   "{\"pci.id\":7}\n";
	static const struct {
		unsigned int line, column;
		enum dg_diag_id id;
	} want[] = {
		{2, 1, DG_E080},  {2, 8, DG_E084}, {4, 17, DG_E083}, {5, 1, DG_E080},
		{5, 15, DG_E080}, {6, 9, DG_E080}, {8, 1, DG_E080},  {8, 11, DG_E084},
	};
	_cleanup_diags_ struct dg_diags diags = {0};
	struct dg_inventory *inventory = NULL;

	cr_expect_eq(dg_inventory_load_text("i", text, strlen(text), &diags, &inventory), -EBADMSG);
	dg_diags_sort(&diags);
	for (size_t i = 0; i < ARRAY_SIZE(want) && i < diags.count; i++) {
		cr_expect_eq(diags.items[i].pos.line, want[i].line, "%zu: %u:%u", i,
			     diags.items[i].pos.line, diags.items[i].pos.column);
		cr_expect_eq(diags.items[i].pos.column, want[i].column, "%zu", i);
		cr_expect_eq(diags.items[i].id, want[i].id, "%zu", i);
	}
	cr_expect_eq(diags.count, ARRAY_SIZE(want), "%zu", diags.count);
}

Test(inventory, raw_nul)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	struct dg_inventory *inventory = NULL;

	cr_expect_eq(dg_inventory_load_text("i", "{}\0", 3, &diags, &inventory), -EBADMSG);
	cr_expect_eq(diags.items[0].id, DG_E082);
}

Test(inventory, labels)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory =
		load("[{\"name\":\"n\",\"device.name\":\"d\"},{\"device.name\":\"d\"},{}]", 0);

	cr_expect_str_eq(inventory->devices[0]->label.data, "n");
	cr_expect_str_eq(inventory->devices[1]->label.data, "d");
	cr_expect_str_eq(inventory->devices[2]->label.data, "#3");
}

Test(inventory, null_is_unknown_and_empty_is_known)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory =
		load("{\"bus\":null,\"name\":null,\"driver.name\":\"\",\"pci.id\":\"0000:0000\","
		     "\"acpi.ids\":[]}",
		     0);

	cr_expect(!fact(inventory, DG_ATTR_BUS)->known);
	cr_expect(fact(inventory, DG_ATTR_DRIVER_NAME)->known);
	cr_expect(fact(inventory, DG_ATTR_PCI_ID)->known);
	cr_expect(fact(inventory, DG_ATTR_ACPI_IDS)->known);
}

Test(inventory, unknown_name_is_a_warning)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory =
		load("{\"pci.vendor\":\"10de\",\"spdm.meas.240\":\"x\"}", 2);

	cr_expect_eq(inventory->device_count, 1);
}

/* An array of @count classes (or strings of @len bytes), all distinct. */
static struct dg_inventory *load_set(const char *name, int count, int len, size_t warnings)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "{\"%s\":[", name);
	for (int i = 0; i < 2 * count; i++) /* each twice: only distinct ones count */
		if (len)
			fprintf(f, "%s\"%0*d\"", i ? "," : "", len, i / 2);
		else
			fprintf(f, "%s\"08:06:%02x\"", i ? "," : "", i / 2);
	fputs("]}", f);
	fclose(f);
	return load(text, warnings);
}

Test(inventory, limits)
{
	static const struct {
		enum dg_attr_id id;
		int count, len;
		bool known;
		size_t warnings;
	} cases[] = {
		{ DG_ATTR_USB_INTERFACES, 32, 0, true, 0 },
		{ DG_ATTR_USB_INTERFACES, 33, 0, false, 1 },
		{ DG_ATTR_ACPI_IDS, 16, 8, true, 0 },
		{ DG_ATTR_ACPI_IDS, 17, 8, false, 1 },
		{ DG_ATTR_ACPI_IDS, 1, 255, true, 0 },
		{ DG_ATTR_ACPI_IDS, 1, 256, false, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory =
			load_set(dg_schema_attr(cases[i].id)->name, cases[i].count, cases[i].len,
				 cases[i].warnings);

		cr_expect_eq(fact(inventory, cases[i].id)->known, cases[i].known, "case %zu", i);
		if (cases[i].known)
			cr_expect_eq(fact(inventory, cases[i].id)->element_count,
				     (size_t)cases[i].count);
	}
}

Test(inventory, long_string_is_unknown)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	char text[400];

	snprintf(text, sizeof(text), "{\"usb.serial\":\"%0*d\"}", 256, 1);
	inventory = load(text, 1);
	cr_expect(!fact(inventory, DG_ATTR_USB_SERIAL)->known);
}

Test(inventory, facts_of_the_kernel)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory =
		load("{\"bus\":\"pci\",\"device.name\":\"d\",\"pci.id\":\"10de:2330\","
		     "\"pci.external\":false,\"tdi.state\":\"run\"}",
		     0);
	struct dg_facts facts;

	dg_device_to_facts(inventory->devices[0], &facts);
	cr_expect_eq(facts.size, sizeof(facts));
	cr_expect_eq(facts.num[DG_NUM_PCI_ID], 0x10de2330);
	cr_expect_eq(facts.num[DG_NUM_TDI_STATE], 2);
	cr_expect_eq(facts.known_num, UINT64_C(1) << DG_NUM_PCI_ID |
					      UINT64_C(1) << DG_NUM_PCI_EXTERNAL |
					      UINT64_C(1) << DG_NUM_TDI_STATE);
	cr_expect_eq(facts.str[DG_STR_SUBJECT_NAME].len, 1);
	cr_expect_eq(facts.str[DG_STR_BUS].len, 3);
	cr_expect(!(facts.known_str & UINT64_C(1) << DG_STR_DRIVER_NAME));
}

Test(inventory, measurements_in_any_order)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_free_ char *again = NULL;
	const struct dg_attr *meas = dg_schema_attr(DG_ATTR_SPDM_MEAS);
	static const unsigned int order[] = { 7, 239, 1, 8 };
	char text[1024] = "", *end = text;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		end += sprintf(end, "%s\"spdm.meas.%u\":\"sha256:%064x\"", i ? "," : "{", order[i],
			       order[i]);
	strcpy(end, "}");
	inventory = load(text, 0);
	for (unsigned int index = 1; index <= DG_MEAS_MAX; index++) {
		const struct dg_fact *one = dg_device_fact(inventory->devices[0], meas, index);
		bool given = index == 1 || index == 7 || index == 8 || index == 239;

		cr_expect_eq(one->known, given, "measurement %u", index);
		cr_expect(!given || one->scalar.digest->bytes[31] == index, "measurement %u", index);
	}
	cr_assert_eq(dg_device_to_json(inventory->devices[0], &again), 0);
	cr_expect_not_null(strstr(again, "spdm.meas.1\""));
	cr_expect_lt(strstr(again, "spdm.meas.7\""), strstr(again, "spdm.meas.8\""));
	cr_expect_lt(strstr(again, "spdm.meas.8\""), strstr(again, "spdm.meas.239\""));
}

struct seen {
	size_t count, stop_at;
	char *text[8];
};

static int see(struct dg_device *device, size_t position, void *context)
{
	struct seen *seen = context;

	cr_assert_lt(seen->count, ARRAY_SIZE(seen->text));
	cr_expect_eq(position, seen->count + 1);
	cr_assert_eq(dg_device_to_json(device, &seen->text[seen->count++]), 0);
	return seen->count == seen->stop_at ? -EPIPE : 0;
}

static int stream(const char *text, struct seen *seen, size_t *ret_errors)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	int err = dg_inventory_each_text("i", text, strlen(text), &diags, see, seen);

	*ret_errors = diags.errors;
	return err;
}

static void seen_done(struct seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		free(seen->text[i]);
}

/* What one device had must not be left in the next. */
Test(inventory, streamed_as_loaded)
{
	static const char text[] =
		"[{\"bus\":\"pci\",\"pci.id\":\"10de:2330\",\"acpi.ids\":[\"A\",\"B\"]},\n"
		" {\"name\":\"two\",\"pci.revision\":18446744073709551615},\n"
		" {\"spdm.meas.3\":\"sha256:"
		"00000000000000000000000000000000000000000000000000000000000000ff\"},{} ]";
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = load(text, 0);
	_cleanup_(seen_done) struct seen seen = { 0 };
	size_t errors;

	cr_assert_eq(stream(text, &seen, &errors), 0);
	cr_assert_eq(seen.count, inventory->device_count);
	for (size_t i = 0; i < seen.count; i++) {
		_cleanup_free_ char *want = NULL;

		cr_assert_eq(dg_device_to_json(inventory->devices[i], &want), 0);
		cr_expect_str_eq(seen.text[i], want);
	}
	cr_expect_str_eq(seen.text[3], "{}");
}

Test(inventory, stream_ends)
{
	_cleanup_(seen_done) struct seen stopped = { .stop_at = 2 }, broken = { 0 }, cut = { 0 };
	size_t errors;

	cr_expect_eq(stream("{}\n{}\n{}", &stopped, &errors), -EPIPE);
	cr_expect_eq(stopped.count, 2);
	/* Nothing is handed on after an error, but every error is reported. */
	cr_expect_eq(stream("{}\n{\"bus\":7}\n{}\n{\"pci.id\":7}", &broken, &errors), -EBADMSG);
	cr_expect_eq(broken.count, 1);
	cr_expect_eq(errors, 2);
	cr_expect_eq(stream("[{},{}", &cut, &errors), -EBADMSG);
	cr_expect_eq(cut.count, 2);
	cr_expect_eq(errors, 1);
}
