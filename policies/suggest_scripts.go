package policies

import (
	"fmt"
	slashed "path"
	"regexp"
	"slices"
	"strings"
)

const readsNoScripts = "fedbot cannot read scripts. Check it yourself."

// own reads the tasks of the toolkit that run a script with the role's credentials.
func (s *step) own(connection string) []Find {
	kind, unknown := s.value("scriptType", "filePath")
	in, inline := s.inputs["inlinescript"]
	if unknown == "" && strings.EqualFold(kind, "inline") && inline {
		if strings.Contains(strings.ToLower(s.name), "powershell") {
			s.shell = "pwsh"
		}
		return s.scripts(in, connection)
	}
	file, _ := s.value("filePath", "")
	return []Find{{Line: s.line, What: fmt.Sprintf("%s %s", s.name, shown(bare(file))), Connection: connection, Says: []string{readsNoScripts}}}
}

// plain reads the tasks of Azure Pipelines that run a script, without credentials.
func (s *step) plain(name string) []Find {
	if strings.Contains(strings.ToLower(name), "powershell") {
		s.shell = "pwsh"
	}
	for _, input := range []string{"script", "inlinescript", "inline"} {
		if in, ok := s.inputs[input]; ok {
			return s.scripts(in, "")
		}
	}
	file, _ := s.value("filePath", "")
	if file == "" {
		return nil
	}
	return []Find{{Line: s.line, What: fmt.Sprintf("%s %s", s.name, shown(bare(file))), Says: []string{readsNoScripts}}}
}

// cli reads AWSCLI@1, which is one command in three inputs.
func (s *step) cli(connection string) []Find {
	text := "aws"
	for _, name := range []string{"awsCommand", "awsSubCommand", "awsArguments"} {
		if in, ok := s.inputs[strings.ToLower(name)]; ok {
			text += " " + strings.Join(strings.Fields(in.text), " ")
		}
	}
	finds := s.scripts(input{text: text, line: s.line, fold: true}, connection)
	for i := range finds {
		finds[i].What = s.name + " " + finds[i].What
	}
	return finds
}

var powershellSets = regexp.MustCompile(`(?m)^\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?:"([^"$` + "`" + `\n]*)"|'([^'\n]*)')\s*;?\s*$`)

// scripts says what the commands of a script need.
func (s *step) scripts(in input, connection string) []Find {
	vars := s.shellVariables()
	text := s.scope.expand(in.text, 0)
	if s.shell == "pwsh" {
		for _, m := range powershellSets.FindAllStringSubmatch(text, -1) {
			if old, ok := vars[m[1]]; ok && old != m[2]+m[3] {
				m[2], m[3] = unknownMark("$"+m[1]+" is set twice"), ""
			}
			vars[m[1]] = m[2] + m[3]
		}
	}
	var out []Find
	for _, c := range commands(text, in.line, s.shell == "pwsh", vars) {
		f, ok := c.find(connection != "")
		if !ok {
			continue
		}
		if f.Connection = connection; in.fold {
			f.Line = in.line
		}
		if connection == "" && len(f.Needs) > 0 {
			f.Says = append(f.Says, s.noCredentials())
		}
		out = append(out, f)
	}
	return out
}

func (s *step) noCredentials() string {
	for name := range s.env {
		if strings.HasPrefix(name, "aws_") {
			return "This step uses access keys. Put it into AWSShellScript@1 with awsCredentials, and take the keys away."
		}
	}
	if s.script == nil && len(s.inputs) > 0 && strings.HasPrefix(s.name, "AWS") {
		return "It names no service connection in awsCredentials."
	}
	return "A plain script has no credentials of a service connection. Put it into AWSShellScript@1 with awsCredentials."
}

// shellVariables are the environment of a script: the pipeline's variables, in
// capitals, and what the step adds.
func (s *step) shellVariables() map[string]string {
	out := map[string]string{}
	for at := s.scope; at != nil; at = at.outer {
		for name := range at.vars {
			env := strings.ToUpper(strings.NewReplacer(".", "_", " ", "_").Replace(name))
			if _, inner := out[env]; !inner {
				out[env] = s.scope.variable(name)
			}
		}
	}
	for name, in := range s.env {
		out[strings.ToUpper(name)] = s.scope.expand(in.text, 0)
	}
	return out
}

// lead are the words that may stand before a command.
var lead = []string{"then", "do", "else", "elif", "if", "while", "until", "!", "sudo", "time", "exec", "eval", "nohup", "npx", "yarn", "pnpm", "bunx", "call", "&"}

// find says what one command needs. ok is false for one that has nothing to do with
// AWS, as far as anybody can see.
func (c command) find(signedIn bool) (f Find, ok bool) {
	words := c.words
	for len(words) > 1 && slices.Contains(lead, words[0]) {
		words = words[1:]
	}
	if len(words) == 0 {
		return f, false
	}
	name := strings.TrimSuffix(strings.ToLower(slashed.Base(words[0])), ".exe")
	f.Line = c.line
	switch {
	case name == "aws":
		return awsCommand(f, words[1:])
	case name == "docker" || name == "podman" || name == "buildah":
		return dockerCommand(f, words[1:])
	case name == "cdk" || name == "aws-cdk":
		return cdkCommand(f, words[1:])
	case name == "terraform" || name == "tofu" || name == "terragrunt":
		return terraformCommand(f, name, words[1:])
	case cmdlets[name].op != "":
		return cmdletCommand(f, words)
	case slices.Contains(unreadTools, name):
		f.What, f.Says = name, []string{fmt.Sprintf("fedbot does not know what %s does in AWS. Check it yourself.", name)}
		return f, true
	}
	if script := scriptFile(words); script != "" && (signedIn || runsShell(script)) {
		f.What, f.Says = shown(bare(script)), []string{readsNoScripts}
		return f, true
	}
	if signedIn && slices.Contains([]string{"make", "npm", "task", "just", "gradle", "mvn", "nx"}, name) {
		f.What, f.Says = shown(bare(strings.Join(words[:min(3, len(words))], " "))), []string{"fedbot cannot see what this runs. Check it yourself."}
		return f, true
	}
	return f, false
}

// unreadTools are tools that work in AWS by their own rules.
var unreadTools = []string{"sam", "serverless", "sls", "eb", "copilot", "ecs-cli", "pulumi", "chalice", "amplify", "sst", "zappa", "eksctl", "packer", "s3cmd", "rclone", "dotnet-lambda"}

// scriptFile is the script that a command runs, if it is one.
func scriptFile(words []string) string {
	file := words[0]
	if slices.Contains([]string{"bash", "sh", "zsh", "source", ".", "python", "python3", "node", "pwsh", "powershell", "ruby", "perl"}, slashed.Base(words[0])) {
		i := slices.IndexFunc(words[1:], func(w string) bool { return !strings.HasPrefix(w, "-") })
		if i < 0 {
			return ""
		}
		file = words[i+1]
	}
	if slices.Contains([]string{".sh", ".bash", ".ps1", ".cmd", ".bat", ".py", ".js", ".rb", ".pl"}, strings.ToLower(slashed.Ext(file))) {
		return file
	}
	if strings.HasPrefix(file, "./") || strings.HasPrefix(file, "../") {
		return file
	}
	return ""
}

func runsShell(file string) bool {
	return slices.Contains([]string{".sh", ".bash", ".ps1", ".cmd", ".bat"}, strings.ToLower(slashed.Ext(file)))
}
