package sandbox_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestGallery opens the gallery in a browser while fedbot is stopped: everything is
// there, in light and in dark, nothing is a block that the page does not know, and a
// word finds what holds it.
func TestGallery(t *testing.T) {
	t.Parallel()
	page := serve(t)
	if err := post(t.Context(), page+"api/fedbot", map[string]bool{"run": false}, nil); err != nil {
		t.Fatal(err)
	}
	d := browse(t, page+"gallery")
	d.await("the exhibits", `document.querySelectorAll(".g-one").length > 90`)
	d.shot("gallery")
	if d.value(`String(document.querySelectorAll(".g-face").length === 2 * document.querySelectorAll(".g-one").length)`) != "true" {
		t.Error("not everything is shown in light and in dark")
	}
	if got := d.value(`String([...document.querySelectorAll(".g-face")].filter((f) => f.querySelector(".bk").textContent.trim() === "").length)`); got != "0" {
		t.Errorf("%s exhibits show nothing", got)
	}
	if got := d.value(`document.body.textContent`); strings.Contains(got, "which the sandbox does not show") {
		t.Error("a block is not shown")
	}
	light, dark := d.value(`getComputedStyle(document.querySelector(".g-light")).backgroundColor`), d.value(`getComputedStyle(document.querySelector(".g-dark")).backgroundColor`)
	if light == dark {
		t.Errorf("light and dark are both %s", light)
	}
	d.do(chromedp.SetValue("#find", "quarantined"))
	d.run(`document.getElementById("find").dispatchEvent(new Event("input"))`)
	d.await("fewer exhibits", `document.querySelectorAll(".g-one").length < 30 && document.getElementById("quarantined")`)
	d.shot("gallery-found")
	if got := d.value(`String(window.wrong)`); got != "" {
		t.Errorf("the page says: %s", got)
	}
}
