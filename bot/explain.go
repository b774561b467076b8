package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// explain reads "explain F-17" and "explain --project … --account … --template …".
func (in *intent) explain(args []word) error {
	if len(args) == 1 && !args[0].flag() {
		return in.about(args, false)
	}
	plain, flags, err := in.flags(args, requestFlags)
	if err != nil {
		return err
	}
	if len(plain) > 0 {
		return in.wrong("Not understood: %q. It is explain F-17, or explain with flags.", cut(phrase(plain), 60))
	}
	if in.Wish, err = wish(flags); err != nil {
		return in.wrong("%s", err.Error())
	}
	var missing []string
	for _, f := range []given{{"--project", in.Wish.Project}, {"--account", in.Wish.Account}, {"--template", in.Wish.Template}} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return in.wrong("Which request? %s missing.", strings.Join(missing, ", "))
	}
	return nil
}

// explain answers who would approve a request, and why; or who decides about a
// federation that exists.
func (b *Bot) explain(ctx context.Context, p parcel, in intent) error {
	if in.Federation != "" {
		f, err := b.visible(ctx, p, in.Federation)
		if err != nil {
			return err
		}
		b.tell(ctx, p, explainedMessage(f, b.scene(f, nil)))
		return nil
	}
	proposal, err := in.Wish.proposal(b.o.Now())
	if err != nil {
		return err
	}
	if in.Wish.Connection == "" {
		proposal.Connection = "" // after the account, by its canonical name
	}
	seen, err := b.o.Desk.Foresee(ctx, p.actor(), proposal)
	if err != nil {
		return err
	}
	b.tell(ctx, p, explainMessage(seen))
	return nil
}

// explainMessage answers before anything is sent. Pure.
func explainMessage(seen workflows.Foresight) message {
	var sh sheet
	p := seen.Proposal
	sh.header(say("%s risk: %s to %s, if you asked now", capital(string(seen.Words.Risk)), p.Project, p.Account))
	sh.expanded(foreseen(seen))
	sh.section(lines(sentence("Why they", seen.Verdict.Why(), ""), checksLine(seen.Checks)))
	sh.context(say("Nobody was asked and nothing was stored. Read %s.", at(seen.ReadAt)))
	if command := commandLine(p); len(command) < 1900 {
		sh.actions(button(actForm, "Open the form with this", "typed "+command[len("/federate "):], p.Project+" to "+p.Account))
	}
	return sh.message()
}

// explainedMessage says who decides, or decided, about the newest request of a
// federation, and why it was they. Pure.
func explainedMessage(f workflows.Federation, s scene) message {
	var sh sheet
	r := lastRequest(f)
	sh.header(say("%s, %s: who decides, and why", r.ID, title(f, s)))
	if r.Checked == nil {
		sh.section(say("Nobody has been asked: %s.", requestState(f, r)))
		return sh.message()
	}
	if r.State == workflows.RequestOpen && !r.Decided() {
		sh.section(deciders(r))
	} else {
		sh.section(lines(approvals(r), say("It is %s now.", requestState(f, r))))
	}
	sh.section(sentence("Why they", r.Checked.Verdict.Why(), ""))
	sh.section(lines(sentence("Risk", string(r.Checked.Words.Risk), "."), sentence("Why "+string(r.Checked.Words.Risk), r.Checked.Words.Why, "")))
	return sh.message()
}

// foreseen is what a request would be able to do and who would be asked: the same
// facts as on its card, in the same words, before it is sent. Pure.
func foreseen(seen workflows.Foresight) text {
	p, w := seen.Proposal, seen.Words
	able := say("%s%s could, in %s, %s.", pipelinesAsked(p), fromBranches(p), p.Account, prose(strings.Join(w.Can, "; ")))
	r := seen.Asked()
	if len(p.Branches) > 0 {
		able = lines(able, branches(p, r.Checked.Facts))
	}
	return lines(standingOf(r), able,
		sentence("They could not", w.Cannot, "."),
		sentence("Worst case", w.Worst, ""),
		join(" ", bold(say("Risk: %s.", string(w.Risk))), prose(w.Why)),
		deciders(r),
		say("Undecided by %s, it lapses and nothing is created.", at(seen.Lapses)))
}

func pipelinesAsked(p workflows.Proposal) text {
	if len(p.Pipelines) == 0 {
		return say("No pipeline of %s yet, but those permitted later", p.Project)
	}
	return say("%s of %s", names(p.Pipelines), p.Project)
}

func fromBranches(p workflows.Proposal) text {
	if len(p.Branches) == 0 {
		return say(", from any branch,")
	}
	return say(", from %s,", names(p.Branches))
}

// deciders says who decides, how many of them, and how many could.
func deciders(r workflows.Request) text {
	stages := r.Checked.Verdict.Stages
	if len(stages) == 0 {
		return say("Nobody has to approve it, by the rules that match.")
	}
	all := []text{lead("Who will be asked")}
	for i, st := range stages {
		line := say("%d of %s: %s can", st.Count, st.Group, people(len(st.Could)))
		if len(stages) > 1 {
			line = say("%d. %s, %s", i+1, st.Name, line)
		}
		all = append(all, line)
	}
	rest := []string{fmt.Sprintf("%s cannot: nobody approves what they asked for.", who(r.By).plain)}
	if len(stages) > 1 {
		rest = append(rest, "One person counts in one stage only, and stages decide in this order.")
	}
	if r.Checked.Verdict.Typed {
		rest = append(rest, "Who approves types the account's name.")
	}
	return lines(append(all, prose(strings.Join(rest, " ")))...)
}

// foreseeable reports whether enough is chosen to say what would be asked, or what
// is still needed for it. The reason is not.
func foreseeable(c choice, a answers) (missing []string) {
	if _, ok := c.project(a); !ok {
		missing = append(missing, "a project")
	}
	if _, ok := c.account(a.Account); !ok {
		missing = append(missing, "an account")
	}
	if _, ok := c.template(a.Template); !ok {
		missing = append(missing, "what it may do")
	}
	for _, g := range a.grants() {
		t, _ := c.template(g.Template)
		for _, p := range t.Params {
			if g.Params[p.Name] == "" && !p.Optional && !slices.Contains(missing, p.Name) {
				missing = append(missing, p.Name)
			}
		}
	}
	return missing
}
