package sandbox

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"fedbot/internal/config"
)

// example is config.example.yaml, byte for byte (a test holds it to that).
//
//go:embed config.yaml
var example string

// configure writes the example configuration with the sandbox's addresses, secrets
// and pace, and nothing else changed. `fedbot serve --config` takes the same file.
func (s *Sandbox) configure() error {
	text := example
	var errs []error
	replace := func(old, new string) {
		if strings.Count(text, old) != 1 {
			errs = append(errs, fmt.Errorf("the example holds %q %d times, not once", old, strings.Count(text, old)))
		}
		text = strings.Replace(text, old, new, 1)
	}
	replace("https://slack.com/api/ ", s.url(s.ports.Slack)+"/api/ ")
	replace("listen: 127.0.0.1:7071 ", fmt.Sprintf("listen: 127.0.0.1:%d ", s.ports.Fedbot))
	replace("env:FEDBOT_SLACK_BOT_TOKEN", "file:"+s.file("slack-bot-token"))
	if !s.o.Sockets {
		replace("transport: socket ", "transport: http ")
	}
	replace("env:FEDBOT_SLACK_APP_TOKEN", "file:"+s.file("slack-app-token"))
	replace("env:FEDBOT_SLACK_SIGNING_SECRET", "file:"+s.file("slack-signing-secret"))
	replace("url: https://dev.azure.com/contoso", "url: "+s.url(s.ports.DevOps)+"/"+organization)
	replace("env:FEDBOT_AZURE_DEVOPS_TOKEN", "file:"+s.file("azure-devops-token"))
	replace(`endpoint: "" `, "endpoint: "+s.url(s.ports.AWS)+" ")
	replace("listen: 127.0.0.1:9090 ", `listen: "" `)
	replace("turn: 30s ", fmt.Sprintf("turn: %s ", turn+callsInTurn*s.o.Slow))
	replace("poll: 10s ", "poll: 200ms ")
	replace("backoff: 3s ", "backoff: 200ms ")
	replace("tries: 8 ", "tries: 12 ")
	replace("lag: 10s ", "lag: 100ms ")
	replace("aws_calls: 5 ", "aws_calls: 500 ")
	replace("azure_devops_calls: 10 ", "azure_devops_calls: 500 ")
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return writeFile(s.file("fedbot.yaml"), []byte(text))
}

// turn is long enough for a busy laptop and short enough that a killed fedbot goes
// on while one watches.
const turn = 2 * time.Second

// callsInTurn makes room for the calls of a step when each takes longer: a step has
// half a turn.
const callsInTurn = 80

func (s *Sandbox) config() (config.Config, error) { return config.Load(s.file("fedbot.yaml")) }
