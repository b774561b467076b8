package policies

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// regressions are calls that one of two evaluators once judged wrong, and calls that
// people get wrong.
//
//go:embed regressions.json
var regressions []byte

// Regression is one call with everything that decides it, and the right answer.
type Regression struct {
	Name      string              `json:"name"`
	Policies  []json.RawMessage   `json:"policies,omitempty"` // of the role; they add up
	Boundary  json.RawMessage     `json:"boundary,omitempty"`
	Session   []json.RawMessage   `json:"session,omitempty"`   // session policies
	Trust     json.RawMessage     `json:"trust,omitempty"`     // of a role that Principal wants to take, instead of the three above
	Kind      string              `json:"kind,omitempty"`      // of the principal: Federated, AWS, Service
	Principal string              `json:"principal,omitempty"` // its name
	Call      string              `json:"call"`
	On        string              `json:"on,omitempty"`
	Keys      map[string][]string `json:"keys,omitempty"`
	Want      Answer              `json:"want"`
}

// RegressionResult is what a regression case came to.
type RegressionResult struct {
	Case Regression
	Got  Answer
	Why  string
	OK   bool
}

// Regressions returns the cases that the evaluator has to judge as told.
func Regressions() ([]Regression, error) {
	var out []Regression
	if err := json.Unmarshal(regressions, &out); err != nil {
		return nil, fmt.Errorf("read regression cases: %w", err)
	}
	return out, nil
}

// Run judges the case.
func (c Regression) Run() RegressionResult {
	j, err := c.judge()
	if err != nil {
		j = Judgement{Answer: Unknown, Why: err.Error()}
	}
	return RegressionResult{c, j.Answer, j.Why, j.Answer == c.Want}
}

func (c Regression) judge() (Judgement, error) {
	if c.Trust != nil {
		d, err := Parse(string(c.Trust))
		if err != nil {
			return Judgement{}, err
		}
		return enter(d, entry{c.Call, c.Kind, []string{c.Principal}, keyring{keys: folded(c.Keys)}}), nil
	}
	var l Layers
	var err error
	if l.Policies, err = parseAll(c.Policies); err != nil {
		return Judgement{}, err
	}
	if l.Session, err = parseAll(c.Session); err != nil {
		return Judgement{}, err
	}
	if c.Boundary != nil {
		d, err := Parse(string(c.Boundary))
		if err != nil {
			return Judgement{}, err
		}
		l.Boundary = &d
	}
	return l.Judge(Call{c.Call, c.On, c.Keys}), nil
}

func parseAll(texts []json.RawMessage) ([]Document, error) {
	var out []Document
	for _, text := range texts {
		d, err := Parse(string(text))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
