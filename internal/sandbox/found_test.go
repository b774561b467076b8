package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	emslack "fedbot/internal/emulate/slack"
)

// The form reads the file of the chosen pipeline through Azure DevOps, shows what it
// needs, and one press fills it in; sent, it becomes the request that the file asks for.
func TestFormReadsThePipeline(t *testing.T) {
	st, err := open(t.TempDir(), Options{young: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	}()
	requester := people[0].ID
	if err := st.types(requester, ""); err != nil {
		t.Fatal(err)
	}
	form := func(holds ...string) (view, blocks string) {
		t.Helper()
		err := st.until(func() error {
			modals := st.slack.Snapshot(requester).Modals
			if len(modals) == 0 {
				return fmt.Errorf("no form is open")
			}
			view, blocks = modals[len(modals)-1].ID, string(modals[len(modals)-1].Blocks)
			for _, h := range holds {
				if !strings.Contains(blocks, h) {
					return fmt.Errorf("the form lacks %q: %s", h, blocks)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return view, blocks
	}
	choose := func(view, block, action string, value emslack.Value) {
		t.Helper()
		if err := st.slack.PressInView(st.ctx, requester, view, block, action, value); err != nil {
			t.Fatal(err)
		}
	}
	view, _ := form("Web Shop")
	choose(view, "project", "project", organization+"/"+webShop)
	view, _ = form("storefront-deploy")
	choose(view, "pipelines/"+organization+"/"+webShop, "pipelines", []string{"storefront-deploy"})
	view, blocks := form("Found in azure-pipelines.yml on main:", "line 6    S3Upload@1", "s3-upload, bucket shop-site-dev, prefix web/",
		"cloudfront-invalidate, distribution unknown", "fedbot cannot read scripts. Check it yourself.", "Use these")
	if strings.Contains(blocks, "param/") {
		t.Error("something is filled in already")
	}
	choose(view, "found/0", "found_use_0", "0")
	_, blocks = form("param/s3-upload/bucket/1")
	var inputs []struct {
		ID      string `json:"block_id"`
		Element struct {
			Initial string `json:"initial_value"`
		}
	}
	if err := json.Unmarshal([]byte(blocks), &inputs); err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, in := range inputs {
		shown[in.ID] = in.Element.Initial
	}
	if shown["param/s3-upload/bucket/1"] != "shop-site-dev" || shown["param/s3-upload/prefix/1"] != "web/" {
		t.Errorf("filled in is %v", shown)
	}
	if err := st.submits(requester, map[string]string{"account": "shop-dev", "branches": "main", "reason": "SHOP-412"}); err != nil {
		t.Fatal(err)
	}
	f, err := st.await("F-1", "checked")
	if err != nil {
		t.Fatal(err)
	}
	if g := f.Requests[0].Proposal.Grants; len(g) != 1 || g[0].Template != "s3-upload" || g[0].Params["bucket"] != "shop-site-dev" || g[0].Params["prefix"] != "web/" {
		t.Errorf("asked for %+v", g)
	}
}
