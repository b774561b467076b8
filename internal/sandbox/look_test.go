package sandbox_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// token is one colour of the style sheet, in light and in dark.
type token struct{ light, dark string }

var (
	tokenLine = regexp.MustCompile(`--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`)
	anyColour = regexp.MustCompile(`(?i)#[0-9a-f]{3,8}\b|\b(rgba?|hsla?|oklch|lab)\(`)
)

func tokens(t *testing.T) map[string]token {
	t.Helper()
	raw, err := os.ReadFile("static/base.css")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]token{}
	for _, m := range tokenLine.FindAllStringSubmatch(string(raw), -1) {
		out[m[1]] = token{m[2], m[3]}
	}
	return out
}

// luminance and contrast are those of WCAG 2.
func luminance(colour string) float64 {
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return math.NaN()
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestContrast(t *testing.T) {
	all := tokens(t)
	grounds := []string{"canvas", "surface", "sunken", "hover", "accent-soft", "good-soft", "wait-soft", "bad-soft", "slack-soft", "slack-on"}
	check := func(front, back string, least float64) {
		t.Helper()
		f, okF := all[front]
		b, okB := all[back]
		if !okF || !okB {
			t.Errorf("the style sheet has no token %s or %s", front, back)
			return
		}
		for name, got := range map[string]float64{"light": contrast(f.light, b.light), "dark": contrast(f.dark, b.dark)} {
			if !(got >= least) {
				t.Errorf("%s on %s, %s: contrast %.2f, want at least %.1f", front, back, name, got, least)
			}
		}
	}
	for _, ground := range grounds {
		for _, front := range []string{"text", "text-2", "text-3", "accent", "good", "wait", "bad", "slack", "slack-link"} {
			check(front, ground, 4.5)
		}
		if ground != "slack-on" { // a pair that is not used
			check("control", ground, 3)
		}
	}
	for _, fill := range []string{"fill", "fill-hover", "slack-go"} {
		check("on-fill", fill, 4.5)
	}
	for _, ground := range []string{"canvas", "surface", "accent-soft"} {
		check("fill", ground, 3)
	}
}

// TestContrastCanFail holds the calculation against two known values.
func TestContrastCanFail(t *testing.T) {
	if got := contrast("#000000", "#ffffff"); math.Abs(got-21) > 0.01 {
		t.Errorf("black on white: %.2f, want 21", got)
	}
	if got := contrast("#777777", "#ffffff"); got >= 4.5 {
		t.Errorf("#777777 on white: %.2f, want less than 4.5", got)
	}
}

// TestStaticFiles holds the files to the page's own policy: nothing inline,
// nothing from elsewhere, nothing parsed as HTML, no colour but the tokens.
func TestStaticFiles(t *testing.T) {
	forbidden := map[string][]*regexp.Regexp{
		".html": {regexp.MustCompile(`(?i)\son[a-z]+\s*=`), regexp.MustCompile(`(?i)\sstyle\s*=`), regexp.MustCompile(`(?i)<style|javascript:|data:[a-z]`),
			regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]`), regexp.MustCompile(`(?i)(?:href|src)="(?:[a-z]+:)?//`), anyColour},
		".js": {regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|DOMParser|createContextualFragment|document\.write`),
			regexp.MustCompile(`\beval\(|new Function|\.style\.|\.style\s*=[^=]|\.cssText|["']style["']`), regexp.MustCompile(`https?://|import\(`), anyColour},
		".css": {regexp.MustCompile(`(?i)url\(|@import|https?://`)},
		".svg": {regexp.MustCompile(`(?i)<script|\son[a-z]+\s*=|href|style`)},
	}
	names, err := filepath.Glob("static/*")
	if err != nil || len(names) < 5 {
		t.Fatalf("static files: %d found, %v", len(names), err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(raw), "http://www.w3.org/2000/svg", "") // a name, not an address
		rules, known := forbidden[filepath.Ext(name)]
		if !known {
			t.Errorf("%s: a kind of file that nobody looks at", name)
		}
		for _, rule := range rules {
			for _, found := range rule.FindAllString(text, -1) {
				t.Errorf("%s: %q", name, found)
			}
		}
		if name == filepath.Join("static", "sandbox.css") {
			for _, found := range anyColour.FindAllString(text, -1) {
				t.Errorf("%s: colour %s is no token", name, found)
			}
		}
	}
}
