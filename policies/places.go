package policies

import (
	"regexp"
	"slices"
	"strings"

	"fedbot/workflows"
)

// pipelines finds the pipelines that are asked for among those that exist.
func (d *draft) pipelines() *workflows.Refusal {
	az := d.in.Facts.AzureDevOps
	d.permits = []workflows.Pipeline{}
	for _, name := range d.in.Proposal.Pipelines {
		i := slices.IndexFunc(az.Pipelines, func(p workflows.Pipeline) bool { return strings.EqualFold(p.Name, name) })
		if i < 0 {
			return onField("Pipelines", "no_pipeline", "There is no pipeline %q in %s.", shown(name), az.Project)
		}
		found := az.Pipelines[i]
		if az.Verifier != nil && az.Verifier.ID == found.ID {
			return onField("Pipelines", "verifier", "%s proves federations and may never use one that is open. Choose another pipeline.", shown(found.Name))
		}
		if !slices.ContainsFunc(d.permits, func(p workflows.Pipeline) bool { return p.ID == found.ID }) {
			d.permits = append(d.permits, found)
		}
	}
	slices.SortFunc(d.permits, func(a, b workflows.Pipeline) int { return a.ID - b.ID })
	return nil
}

// branchName is a branch, or a pattern with *, as branch control takes it: it
// separates them by commas.
var branchName = regexp.MustCompile(`^[A-Za-z0-9_*][A-Za-z0-9._/+#@*-]*$`)

func (d *draft) branches() *workflows.Refusal {
	for _, name := range d.in.Proposal.Branches {
		if !branchName.MatchString(name) || len(name) > 250 || strings.Contains(name, "..") || strings.HasSuffix(name, "/") {
			return onField("Branches", "bad_branch", "%q is not a branch. Examples: main, release/*", shown(name))
		}
		d.refs = append(d.refs, qualified(name))
	}
	slices.Sort(d.refs)
	d.refs = slices.Compact(d.refs)
	return nil
}

// qualified is a branch as Azure DevOps compares it.
func qualified(branch string) string {
	if strings.HasPrefix(branch, "refs/") {
		return branch
	}
	return "refs/heads/" + branch
}

// verifier refuses a plan whose proof could never be run.
func (d *draft) verifier() *workflows.Refusal {
	az := d.in.Facts.AzureDevOps
	switch {
	case d.in.Proposal.Kind == workflows.Release:
		return nil
	case az.Verifier == nil && az.VerifyOff == "" && len(d.permits) == 0 && d.in.Proposal.Kind == workflows.Create:
		return onField("Pipelines", "no_first_use", "%s has no verification pipeline, so the first use is the proof, and no pipeline is named that could use it. "+
			"Name one; or Administrator can add a verification pipeline: fedbot bootstrap pipeline", az.Project)
	case az.VerifyOff != "":
		return onField("Project", "verifier_off", "The verification pipeline of %s cannot be used: %s. Administrator can mend it: fedbot bootstrap pipeline",
			az.Project, strings.TrimSuffix(az.VerifyOff, "."))
	}
	return nil
}

// open returns the branches that are not protected, as they were asked for. A
// branch that nobody looked at counts as not protected.
func (d *draft) open() []string {
	var out []string
	for _, name := range d.in.Proposal.Branches {
		protected := slices.ContainsFunc(d.in.Facts.AzureDevOps.Branches, func(b workflows.Branch) bool {
			return qualified(b.Name) == qualified(name) && b.Protected
		})
		if !protected && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
