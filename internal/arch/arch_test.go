package arch_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// room is what a package is for and which other rooms it may import.
type room struct {
	why string
	may []string
}

const (
	vocabulary = "workflows"
	pure       = "policies"
)

// rooms is the whole house. internal/app is the only room that imports every other
// one that runs; adapters never import each other, so that each can be read alone.
var rooms = map[string]room{
	vocabulary:                     {"the vocabulary and the rules of life", nil},
	pure:                           {"permission templates, trust documents, their judgement and their words", []string{vocabulary}},
	"store":                        {"federations in one file", []string{vocabulary, pure}},
	"store/storetest":              {"what every store promises, as a suite for tests", []string{vocabulary}},
	"bot":                          {"the conversation in Slack", []string{vocabulary, pure}},
	"internal/identity":            {"from a Slack user to exactly one person", []string{vocabulary, pure}},
	"internal/awsiam":              {"steps and reads over AWS", []string{vocabulary, pure}},
	"internal/azuredevops":         {"steps and reads over Azure DevOps", []string{vocabulary, pure}},
	"internal/drift":               {"what exists, compared with what was approved", []string{vocabulary, pure}},
	"internal/console":             {"the API of the host's operator, and its client", []string{vocabulary}},
	"internal/doctor":              {"looks whether everything that fedbot needs is there", []string{vocabulary}},
	"internal/config":              {"the one configuration file, read strictly", []string{vocabulary}},
	"internal/emulate/wire":        {"faults, clock and memory of the emulators", nil},
	"internal/emulate/judge":       {"runs clients that others wrote against the emulators, in tests", nil},
	"internal/emulate/aws":         {"an AWS on the wire", emulator},
	"internal/emulate/azuredevops": {"an Azure DevOps on the wire", emulator},
	"internal/emulate/slack":       {"a Slack on the wire", emulator},
	"internal/app": {"puts the house together; contains no rules", []string{vocabulary, pure, "store", "bot", "internal/identity",
		"internal/awsiam", "internal/azuredevops", "internal/drift", "internal/doctor", "internal/console", "internal/config"}},
	// The adapter, because the emulated repositories must hold the adapter's own YAML of the verification pipeline.
	"internal/sandbox": {"the real fedbot against the emulators, with a page", []string{vocabulary, pure, "internal/app", "internal/config",
		"internal/azuredevops", "internal/emulate/aws", "internal/emulate/azuredevops", "internal/emulate/slack", "internal/emulate/wire"}},
	"internal/actiondata": {"writes the action data that policies embeds", nil},
	"internal/arch":       {"these tests", nil},
	"cmd/fedbot": {"the commands", []string{vocabulary, pure, "internal/app", "internal/config", "internal/console",
		"internal/doctor", "internal/sandbox"}},
}

// An emulator shares nothing with an adapter: a shared bug would hide.
var emulator = []string{"internal/emulate/wire"}

// untouchable are packages that would make a room do what it must not: pure rooms
// have no disk, no network, no log.
var untouchable = map[string][]string{
	vocabulary: {"os", "net", "log", "database", "embed", "io/fs"},
	pure:       {"os", "net", "log", "database", "io/ioutil"},
}

func TestRoomsImportWhatTheyMay(t *testing.T) {
	house := house(t)
	for _, dir := range slices.Sorted(maps.Keys(house)) {
		r, known := rooms[dir]
		if !known {
			t.Errorf("%s is a new room; say in internal/arch/arch_test.go, in rooms, what it may import and why it exists", dir)
			continue
		}
		for _, f := range house[dir] {
			if f.test {
				continue // tests may import emulators and suites
			}
			for _, path := range f.imports() {
				if say := refuse(dir, r, path); say != "" {
					t.Errorf("%s imports %s, but %s", f.path, path, say)
				}
			}
		}
	}
	for dir := range rooms {
		if house[dir] == nil {
			t.Errorf("rooms lists %s, which does not exist", dir)
		}
	}
}

func refuse(dir string, r room, path string) string {
	if ours, ok := strings.CutPrefix(path, "fedbot/"); ok {
		if !slices.Contains(r.may, ours) {
			return fmt.Sprintf("%s may import of ours only %q", dir, r.may)
		}
		return ""
	}
	first, _, _ := strings.Cut(path, "/")
	if dir == vocabulary && strings.Contains(first, ".") {
		return "the vocabulary is standard library only"
	}
	for _, p := range untouchable[dir] {
		if path == p || strings.HasPrefix(path, p+"/") && path != "net/url" && path != "net/netip" { // these two only read text
			return dir + " touches neither disk nor network and does not log"
		}
	}
	return ""
}

// Who lets emulators and the sandbox in is said twice, because it matters most:
// nothing that runs for real can reach them.
func TestEmulatorsStayInTheSandbox(t *testing.T) {
	for dir, r := range rooms {
		for _, x := range r.may {
			switch {
			case strings.HasPrefix(x, "internal/emulate/") && dir != "internal/sandbox" && !strings.HasPrefix(dir, "internal/emulate/"):
				t.Errorf("%s may not import an emulator", dir)
			case x == "internal/sandbox" && dir != "cmd/fedbot":
				t.Errorf("%s may not import the sandbox", dir)
			case x == "store/storetest" || x == "internal/emulate/judge" || x == "internal/arch":
				t.Errorf("%s may not import %s: it is for tests", dir, x)
			}
		}
	}
}

func TestRefuse(t *testing.T) { // the table must be able to say no
	for _, c := range []struct {
		dir, path string
		no        bool
	}{
		{"store", "fedbot/workflows", false},
		{"store", "fedbot/bot", true},
		{"bot", "fedbot/internal/emulate/slack", true},
		{"internal/emulate/aws", "fedbot/policies", true},
		{"cmd/fedbot", "fedbot/store", true},
		{vocabulary, "golang.org/x/sync/errgroup", true},
		{vocabulary, "net/http", true},
		{vocabulary, "net/url", false},
		{pure, "net/netip", false},
		{pure, "net", true},
		{pure, "os", true},
		{pure, "github.com/goccy/go-yaml", false},
	} {
		if got := refuse(c.dir, rooms[c.dir], c.path); (got != "") != c.no {
			t.Errorf("%s importing %s: %q", c.dir, c.path, got)
		}
	}
}
