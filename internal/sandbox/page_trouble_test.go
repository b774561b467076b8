package sandbox_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestMakeTrouble turns the dials of the page: for every call, for one, and back.
func TestMakeTrouble(t *testing.T) {
	browser(t)
	page := serve(t)
	d := browse(t, page)
	choose := func(field, value string) {
		t.Helper()
		d.run(`const s = document.querySelector('` + field + `'); s.value = "` + value + `"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
	}
	const call = `document.querySelector("[data-call-of=aws]")`
	d.await("people to be", `document.querySelectorAll("#people input").length === 8`)
	d.await("nothing to choose", call+`.offsetParent === null`)
	choose("[data-system=aws]", "throttling")
	d.await("calls to choose from", call+`.offsetParent !== null && `+call+`.value === "*" && [...`+call+`.options].some((o) => o.value === "iam:CreateRole")`)
	choose("[data-call-of=aws]", "iam:CreateRole")
	d.await("what is switched on", `fetch("/api/faults/aws").then((r) => r.json()).then((s) => window.faults = JSON.stringify(s.faults)) && window.faults?.includes("iam:CreateRole")`)
	d.want("what is switched on", d.value("window.faults"), `{"call":"iam:CreateRole","when":"before","kind":"error","error":"Throttling","delay":"1s"}`)
	for _, width := range []int64{1440, 390, 320} {
		d.do(chromedp.EmulateViewport(width, 900))
		d.run(`document.querySelector(".trouble").scrollIntoView()`)
		d.await("nothing stands out at the side", `document.documentElement.scrollWidth <= innerWidth`)
		d.shot("9-trouble")
	}
	choose("[data-system=aws]", "")
	d.await("as usual", call+`.offsetParent === null`)
	if wrong := d.value(`String(window.wrong)`); wrong != "" {
		t.Errorf("the page complained: %s", wrong)
	}
}
