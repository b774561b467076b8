package sandbox_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"fedbot/internal/sandbox"
)

// desk is a browser before a running sandbox.
type desk struct {
	*testing.T
	ctx   context.Context
	shots string
}

// serve runs a sandbox in a directory of the test and returns its page.
func serve(t *testing.T) string {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{Listen: "127.0.0.1:0", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- s.Run(ctx, func() error { close(ready); return nil }) }()
	ended := false
	t.Cleanup(func() {
		stop()
		if !ended {
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		ended = true
		t.Fatalf("the sandbox ended before it was ready: %v", err)
	}
	return s.Ready().Page
}

// browse opens a page in Chromium.
func browse(t *testing.T, address string) *desk {
	t.Helper()
	alloc, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(browser(t)), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true))
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Logf("close the browser: %v", err)
		}
		cancel()
	})
	d := &desk{t, ctx, os.Getenv("FEDBOT_SHOTS")}
	if d.shots == "" {
		d.shots = t.TempDir()
	}
	d.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address))
	d.run(`window.wrong = []; for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"])
		window.addEventListener(kind, (e) => window.wrong.push(kind + ": " + (e.message || e.reason || e.violatedDirective)));`)
	return d
}

func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("neither chromium nor google-chrome is installed, and CI must not do without")
	}
	t.Skip("neither chromium nor google-chrome is installed, so the page is not tested in a browser")
	return ""
}

func (d *desk) do(steps ...chromedp.Action[chromedp.Void]) {
	d.Helper()
	if err := chromedp.Do(d.ctx, steps...); err != nil {
		d.shot("failed")
		d.Fatal(err)
	}
}

// run evaluates statements.
func (d *desk) run(script string) {
	d.Helper()
	if _, err := chromedp.Run(d.ctx, chromedp.Evaluate[bool]("(() => {"+script+"; return true; })()")); err != nil {
		d.shot("failed")
		d.Fatalf("%s: %v", script, err)
	}
}

// await waits until an expression is true; far longer than anything takes here.
func (d *desk) await(what, expression string) {
	d.Helper()
	poll := chromedp.Poll[bool]("Boolean("+expression+")", chromedp.WithPollingInterval(30*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))
	if _, err := chromedp.Run(d.ctx, poll); err != nil {
		d.shot("failed")
		d.Fatalf("%s: not seen: %v\nnext: %s\nwrong: %s", what, err, d.text("#next"), d.value(`String(window.wrong)`))
	}
}

func (d *desk) value(expression string) string {
	d.Helper()
	out, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		d.Fatalf("%s: %v", expression, err)
	}
	return out
}

func (d *desk) text(selector string) string {
	d.Helper()
	return d.value(`document.querySelector("` + selector + `")?.innerText ?? ""`)
}

func (d *desk) want(what, got string, words ...string) {
	d.Helper()
	for _, w := range words {
		if !strings.Contains(got, w) {
			d.Errorf("%s: want %q in:\n%s", what, w, got)
		}
	}
}

// next presses the one primary button, once it says what is expected.
func (d *desk) next(label string) {
	d.Helper()
	d.await("the button "+label, `document.querySelector("#next-do button")?.textContent === "`+label+`"`)
	d.do(chromedp.Click(chromedp.CSS("#next-do button")))
}

func (d *desk) shot(name string) {
	d.Helper()
	raw, err := chromedp.Run(d.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(d.shots, name+".png"), raw, 0o600)
	}
	if err != nil {
		d.Errorf("take a picture of %s: %v", name, err)
	}
}

const card = `[...document.querySelectorAll("#log .msg")].find((m) => m.querySelector("[data-action=request_approve]"))`

// TestPage goes the newcomer's way with the page's own buttons.
func TestPage(t *testing.T) {
	browser(t) // before anything is started
	d := browse(t, serve(t))
	d.shot("1-start")
	d.next("Type /federate for me")
	d.await("the card", card)
	d.want("card", d.value(card+".innerText"), "Low risk: Web Shop asks to deploy files to shop-dev", "Requester writes:", "Approve", "It cannot")
	d.want("what was typed", d.text("#log"), "/federate request --org contoso")

	d.do(chromedp.Click(chromedp.CSS("[data-action=request_approve]")))
	d.await("the refusal", `document.querySelector("#log .msg-eph .bk")?.innerText && document.querySelector("#log").innerText.includes("somebody else must")`)
	d.shot("2-refused")

	d.next("Be Approver")
	d.await("Approver is chosen", `document.querySelector("#people input:checked").closest("label").innerText.startsWith("Approver")`)
	d.await("the card has the focus", `document.activeElement.classList.contains("msg")`)
	d.shot("3-card")
	rail := func(label string) {
		d.run(`[...document.querySelectorAll("#rooms button")].find((b) => b.textContent.includes("` + label + `")).click()`)
	}
	rail("home tab")
	d.await("the home tab says what waits", `document.querySelector("#log .home")?.innerText.includes("Waiting for you: 1")`)
	d.want("home tab", d.text("#log .home"), "Low risk Web Shop to shop-dev, F-2.1", "Open card", "Ask for a federation")
	d.shot("3-home")
	rail("shop-approvals")
	d.await("the card again", card)
	d.run(`const i = document.querySelector("#cmd"); i.focus(); i.value = "/federate half a sent"; document.querySelector("[data-action=request_approve]").click()`)
	d.await("the role is there, NEW", newRole)
	d.await("it is active", `document.querySelector("#log").innerText.includes("Active: Web Shop can deploy files to shop-dev")`)
	d.await("step 4", `document.querySelector("#steps .is-now")?.innerText.includes("Use")`)
	d.want("the field that was being typed in", d.value(`document.activeElement.id + " " + document.activeElement.value`), "cmd /federate half a sent")
	d.want("what changed", d.text("#exists"), "2 new, 1 adopted", "ADOPTED", "F-2, active")
	d.shot("4-active")
	documents(d)

	d.next("Use it")
	d.await("the results of the use", `document.querySelector("#tried-use")`)
	d.want("use", d.text("#tried-use"), "put web/index.html", "allowed", "put private/prices.csv", "refused", "AccessDenied", "As approved: 3 of 5 allowed, 2 refused.")
	d.do(chromedp.Click(chromedp.CSS("#tried-use button")))
	d.await("the log of the run", `document.querySelector("#tried-use .doc-body")?.innerText.includes("OIDC Token generated")`)
	d.shot("5-used")
	d.next("Attack it")
	d.await("the results of the attack", `document.querySelector("#tried-attack")`)
	d.want("attack", d.text("#tried-attack"), "refused AccessDenied", "refused InvalidIdentityToken", "ALLOWED", "4 of 5 were refused.", "Run drift")
	d.shot("6-attacked")
	d.await("the tour is done", `document.querySelectorAll("#steps .is-done").length === 5`)
	if wrong := d.value(`String(window.wrong)`); wrong != "" {
		t.Errorf("the page complained: %s", wrong)
	}
}

const newRole = `[...document.querySelectorAll("#objects tr")].find((r) => r.innerText.includes("NEW") && r.querySelector(".k")?.textContent === "Role")`

// documents opens the trust policy of the new role.
func documents(d *desk) {
	d.Helper()
	d.run(newRole + `.querySelector("button").click()`)
	d.await("the trust policy", `document.querySelector(".doc-row .ln-key")`)
	d.want("trust policy", d.text(".doc-row"), "Trust policy", "sc://contoso/Web Shop/aws-shop-dev", "Only tokens that Azure DevOps signed for contoso", "Only this connection, by its exact name")
	d.shot("4-document")
	d.run(newRole + `.querySelector("button").click()`)
	d.await("the document is closed", `!document.querySelector(".doc-row")`)
}

// TestForm opens the form with an empty command, is told what is missing, and
// closes it with Escape; and the page fits on a telephone.
func TestForm(t *testing.T) {
	browser(t)
	d := browse(t, serve(t))
	d.await("people to be", `document.querySelectorAll("#people input").length === 8`)
	d.do(chromedp.Click(chromedp.CSS("#say .btn")))
	d.await("the form", `document.querySelector("#modal[open] select")`)
	d.await("the focus is in it", `document.activeElement.closest("#modal") && document.activeElement.tagName === "SELECT"`)
	d.do(chromedp.Click(chromedp.CSS("#modal .sb-primary")))
	d.await("what is missing", `document.querySelectorAll("#modal .is-wrong").length >= 3`)
	d.await("the first of them has the focus", `document.activeElement.getAttribute("aria-invalid") === "true"`)
	d.run(`const s = document.querySelector('#modal [data-block="project"] select'); s.value = "contoso/Web Shop"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
	d.await("the pipelines of the project", `document.querySelector("#modal").innerText.includes("storefront-deploy")`)
	d.do(chromedp.SendKeys(chromedp.CSS(`#modal [data-block="owner"] input`), "\u001b"))
	d.await("the form is closed", `!document.querySelector("#modal[open]")`)
	fillIn(d)

	for _, width := range []int64{1024, 390, 320} {
		d.do(chromedp.EmulateViewport(width, 800))
		for _, tab := range []string{"#tab-exists", "#tab-slack"} {
			d.run(`document.querySelector("` + tab + `").click()`)
			d.await("nothing stands out at the side", `document.documentElement.scrollWidth <= innerWidth`)
		}
	}
	d.await("only one pane at a time", `document.querySelector("#exists").offsetParent === null && document.querySelector("#slack").offsetParent !== null`)
	d.shot("8-narrow")
}

// fillIn asks with the form, as somebody who types. Nothing may be lost when the
// form is drawn again between two answers.
func fillIn(d *desk) {
	d.Helper()
	choose := func(block, value string) {
		d.Helper()
		field := `document.querySelector('#modal [data-block^="` + block + `"] select')`
		d.await(block, field)
		d.run(`const s = ` + field + `; s.focus(); s.value = "` + value + `"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
	}
	d.do(chromedp.Click(chromedp.CSS("#say .btn")))
	d.await("what was chosen in the form that was closed", `document.querySelector("#modal[open]")?.innerText.includes("Go on with your draft")`)
	d.run(`[...document.querySelectorAll("#modal button")].find(b => b.innerText.includes("Start afresh")).click()`)
	d.await("the form", `document.querySelector("#modal[open] select")`)
	d.do(chromedp.SendKeys(chromedp.CSS(`#modal [data-block="reason"] textarea`), "Deploy from CI"))
	choose("project", "contoso/Web Shop")
	d.await("the pipelines of the project", `document.querySelector('#modal input[value="storefront-deploy"]')`)
	d.await("no verification pipeline to choose", `!document.querySelector('#modal input[value="fedbot-verify"]')`)
	choose("account", "shop-dev")
	choose("template", "s3-static-site")
	d.await("the parameters", `document.querySelector('#modal [data-block="param/s3-static-site/bucket"] input')`)
	d.do(chromedp.Click(chromedp.CSS(`#modal input[value="storefront-deploy"]`)),
		chromedp.SendKeys(chromedp.CSS(`#modal [data-block="param/s3-static-site/bucket"] input`), "shop-site-dev"),
		chromedp.SendKeys(chromedp.CSS(`#modal [data-block="param/s3-static-site/prefix"] input`), "web/"))
	d.run(`document.querySelector('#modal [data-block="owner"] input').focus()`)
	d.await("what it could do and who will be asked", `document.querySelector("#modal").innerText.includes("Risk: low.")`)
	d.want("who will be asked", d.value(`document.querySelector("#modal").innerText`), "Risk: low.", "of shop-approvers: 2 people can", "Requester cannot", "it lapses and nothing is created")
	d.run(`[...document.querySelectorAll("#modal *")].findLast(e => e.innerText?.includes("Who will be asked")).scrollIntoView()`)
	d.shot("7-ahead")
	d.want("what was typed first", d.value(`document.querySelector('#modal [data-block="reason"] textarea').value`), "Deploy from CI")
	d.shot("7-form")
	d.do(chromedp.Click(chromedp.CSS("#modal .sb-primary")))
	d.await("that it was sent", `document.querySelector("#modal").innerText.includes("Sent. F-2.1 is being checked")`)
	d.await("the focus is still in it", `document.activeElement.closest("#modal")`)
	d.do(chromedp.Click(chromedp.CSS("#modal .sb")))
	d.await("the form is gone", `!document.querySelector("#modal[open]")`)
	d.await("the card", card)
	d.want("card", d.value(card+".innerText"), "Low risk: Web Shop asks", "Requester writes: Deploy from CI", "storefront-deploy", "web/")
}
