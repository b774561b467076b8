package azuredevops

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// taskIDs of the tasks that the agent knows, by lower-case name.
var taskIDs = map[string]string{
	"awsshellscript": "3aea39d2-803c-43c7-b8d6-8e71b670f816",
	"awscli":         "4a23d3b4-6a39-4b15-8b08-2d8e8c1ad2d4",
	"s3upload":       "9b4f5c0a-6a1e-4b2a-8f2e-5f6d2a9b7c11",
}

// agent executes one task of one job.
type agent struct {
	s       *Server
	org     organization
	project project
	run     run // as it was when the task began
	step    step
	vars    map[string]string
	files   map[string]string // what was checked out and what was written
	written map[string]string
	lines   []string
	issues  []string
	used    []string // connections
	masked  []string
	region  string
	creds   credentials
}

// newAgent is called without the lock.
func (s *Server) newAgent(r run, doc document, at int) *agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &agent{s: s, run: r, files: map[string]string{}, written: map[string]string{}}
	a.org, _ = s.orgs.Get(r.Org)
	a.project, _ = s.projects.Get(r.Project)
	l, _ := s.pipelines.Get(r.Project + "/" + number(r.Pipeline))
	k, _ := s.commits.Get(l.Repository + "/" + r.Commit)
	for path, text := range k.Files {
		a.files[strings.TrimPrefix(path, "/")] = text
	}
	maps.Copy(a.files, r.Files)
	maps.Copy(a.written, r.Files)
	rec := r.Records[at]
	j, _ := r.current("Job")
	if def, ok := doc.job(j.Identifier); ok && rec.Order <= len(def.Steps) {
		a.step = def.Steps[rec.Order-1]
	}
	a.vars = doc.values()
	for name, v := range map[string]string{
		"Build.BuildId": fmt.Sprint(r.ID), "Build.BuildNumber": r.Name, "Build.SourceBranch": r.Ref, "Build.SourceVersion": r.Commit,
		"Build.SourceBranchName": r.Ref[strings.LastIndex(r.Ref, "/")+1:], "Build.DefinitionName": l.Name, "System.DefinitionId": fmt.Sprint(l.ID),
		"System.TeamProject": a.project.Name, "System.TeamProjectId": a.project.ID, "System.CollectionId": a.org.ID,
		"System.CollectionUri": s.link(a.org, ""), "System.HostType": "build", "System.PlanId": r.Plan, "System.JobId": j.ID,
	} {
		a.vars[name] = v
	}
	maps.Copy(a.vars, r.Variables)
	return a
}

// variable looks a variable up without case.
func (a *agent) variable(name string) string {
	for k, v := range a.vars {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

var macro = regexp.MustCompile(`\$\(([A-Za-z0-9_.]+)\)`)

// input is a task's input with $(macros) filled in; what is no variable stays as it is.
func (a *agent) input(name string) string { return a.fillIn(a.step.input(name)) }

func (a *agent) fillIn(text string) string {
	return macro.ReplaceAllStringFunc(text, func(use string) string {
		name := macro.FindStringSubmatch(use)[1]
		for k, v := range a.vars {
			if strings.EqualFold(k, name) {
				return v
			}
		}
		return use
	})
}

// printf writes to the log, secrets masked and every line with its time.
func (a *agent) printf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, secret := range a.masked {
		text = strings.ReplaceAll(text, secret, "***")
	}
	stamp := a.s.o.Now().UTC().Format("2006-01-02T15:04:05.0000000Z ")
	for _, line := range strings.Split(text, "\n") {
		a.lines = append(a.lines, stamp+line)
	}
}

func (a *agent) mask(secrets ...string) {
	for _, x := range secrets {
		if x != "" {
			a.masked = append(a.masked, x)
		}
	}
}

// fail writes an error and keeps it for the timeline.
func (a *agent) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	a.printf("##[error]%s", text)
	a.issues = append(a.issues, text)
}

// work executes the task and says whether it succeeded.
func (a *agent) work(ctx context.Context) bool {
	a.printf("##[section]Starting: %s", a.step.title())
	ok := a.perform(ctx)
	a.printf("##[section]Finishing: %s", a.step.title())
	return ok
}

func (a *agent) perform(ctx context.Context) bool {
	switch name := strings.ToLower(taskName(a.step.Task)); {
	case a.step.Checkout != "":
		a.printf("Syncing repository at %s", a.run.Commit)
		return true
	case a.step.Script+a.step.Bash != "":
		return a.script(ctx, a.fillIn(a.step.Script+a.step.Bash))
	case taskIDs[name] == "":
		a.fail("A task is missing. The pipeline references a task called '%s'. This usually indicates the task isn't installed, and you may be able to install it from the Marketplace: https://marketplace.visualstudio.com.", a.step.Task)
		return false
	case a.org.Toolkit == "":
		a.fail("A task is missing. The pipeline references a task called '%s'. This usually indicates the task isn't installed, and you may be able to install it from the Marketplace: https://marketplace.visualstudio.com.", a.step.Task)
		return false
	case !a.credentials(ctx):
		return false
	case name == "awscli":
		return a.awsCLI(ctx)
	case name == "s3upload":
		return a.s3Upload(ctx)
	}
	return a.shellScript(ctx)
}

func (a *agent) shellScript(ctx context.Context) bool {
	script := a.input("inlineScript")
	if strings.EqualFold(a.input("scriptType"), "filePath") {
		text, ok := a.files[strings.TrimPrefix(a.input("filePath"), "/")]
		if !ok {
			a.fail("Error: Not found %s", a.input("filePath"))
			return false
		}
		script = text
	}
	if len(script) > 5000 {
		a.fail("Error: the inline script is longer than 5000 characters")
		return false
	}
	return a.script(ctx, script)
}

// script runs shell text and turns its exit code into the task's result.
func (a *agent) script(ctx context.Context, text string) bool {
	sh := newShell(a)
	if code := sh.run(ctx, text); code != 0 {
		a.fail("Error: The process '/bin/bash' failed with exit code %d", code)
		return false
	}
	return true
}

// awsCLI is the task AWSCLI@1: a command, a subcommand and arguments.
func (a *agent) awsCLI(ctx context.Context) bool {
	line := strings.Join([]string{"aws", a.input("awsCommand"), a.input("awsSubCommand"), a.input("awsArguments")}, " ")
	return a.script(ctx, line)
}

// s3Upload is the task S3Upload@1: every file under a folder that matches, to a prefix.
func (a *agent) s3Upload(ctx context.Context) bool {
	folder, prefix := strings.Trim(a.input("sourceFolder"), "/."), strings.Trim(a.input("targetFolder"), "/")
	bucket, globs := a.input("bucketName"), strings.Fields(a.input("globExpressions"))
	if len(globs) == 0 {
		globs = []string{"**"}
	}
	sent := 0
	for _, name := range sortedKeys(a.files) {
		rel := strings.TrimPrefix(strings.TrimPrefix(name, folder), "/")
		if folder != "" && !strings.HasPrefix(name, folder+"/") || !matchesAny(globs, rel) {
			continue
		}
		key := strings.TrimPrefix(prefix+"/"+rel, "/")
		if f := a.putObject(ctx, bucket, key, a.files[name]); f != nil {
			a.fail("Error: %s: %s", f.code, f.message)
			return false
		}
		a.printf("Uploading file %s to %s/%s", name, bucket, key)
		sent++
	}
	if sent == 0 {
		a.printf("No files found at the location %s with the given globbing expression", folder)
	}
	return true
}

func matchesAny(globs []string, name string) bool {
	for _, g := range globs {
		if branchMatches(strings.ReplaceAll(g, "**", "*"), name) {
			return true
		}
	}
	return false
}
