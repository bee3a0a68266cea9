# SPDX-License-Identifier: GPL-2.0-only
# Sourced after tap.sh: runs a KUnit suite through debugfs and hands its results on.

# kunit SUITE-DIRECTORY. What wants another mode of devpolicy is left to the guest in that mode
# (suites kunit and kunit-audit).
kunit() {
	name=$(basename "$1")
	echo 1 >"$1/run"
	awk '/^    (not )?ok [0-9]+ / {
		bad = /^    not / ? "bad" : "good"
		sub(/^    (not )?ok [0-9]+ (- )?/, "")
		print bad, $0
	}' "$1/results" >"$TMPDIR/results"
	check "$name: not all of it is another guest's" sh -c \
		"grep -v '# SKIP needs devpolicy=' '$TMPDIR/results' | grep -q '^good'"
	while read -r verdict text; do
		case $verdict:$text in
		good:*'# SKIP needs devpolicy='*) note "$name: ${text%% #*}: ${text#*# SKIP }" ;;
		good:*'# SKIP'*) skip "$name: ${text%% #*}" "${text#*# SKIP }" ;;
		good:*) ok "$name: $text" ;;
		*)
			not_ok "$name: $text"
			note "$(cat "$1/results")"
			;;
		esac
	done <"$TMPDIR/results"
	check "$name: the suite as a whole" grep -qE "^ok [0-9]+ (- )?$name" "$1/results"
}
