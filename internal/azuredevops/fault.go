package azuredevops

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"

	"fedbot/workflows"
)

// refusal is a refused call; the Go client has two forms of it.
func refusal(err error) (status int, key string) {
	w, ok := errors.AsType[azuredevops.WrappedError](err)
	if !ok {
		p, pointer := errors.AsType[*azuredevops.WrappedError](err)
		if !pointer {
			return 0, ""
		}
		w = *p
	}
	if w.StatusCode != nil {
		status = *w.StatusCode
	}
	if w.TypeKey != nil {
		key = *w.TypeKey
	}
	return status, key
}

// absent says whether a refusal means that the very object is not there. A 404
// without the service's own type is some proxy's; one about the project or the
// repository may as well mean that they are hidden; and "Vss" types are about the
// address, not the object.
func absent(err error) bool {
	status, key := refusal(err)
	if status != http.StatusNotFound || key == "" || strings.HasPrefix(key, "Vss") {
		return false
	}
	return !slices.ContainsFunc([]string{"Project", "Repository", pageKey}, func(part string) bool { return strings.Contains(key, part) })
}

// duplicate says whether a name is taken.
func duplicate(err error) bool {
	status, key := refusal(err)
	return status == http.StatusConflict || strings.Contains(key, "Duplicate") || strings.Contains(key, "AlreadyExists")
}

// settled is an error that has been worded for people already.
func settled(err error) bool {
	_, fault := errors.AsType[*workflows.Fault](err)
	return fault || errors.Is(err, workflows.ErrRefused)
}

// unread is the fault of a read. What could not be read may be there or not.
func unread(what string, err error) error {
	if settled(err) {
		return err
	}
	status, _ := refusal(err)
	f := &workflows.Fault{Kind: workflows.ErrUnreadable, Cause: err}
	switch {
	case status == http.StatusUnauthorized:
		f.Say = "Azure DevOps did not accept fedbot's sign-in, so " + what + " could not be read. An operator of fedbot can renew its token."
	case status == http.StatusForbidden, status == http.StatusNotFound:
		f.Say = "Azure DevOps does not let fedbot read " + what + ". A project administrator can make fedbot a Reader there."
	default:
		f.Say = "Azure DevOps did not answer when fedbot wanted to read " + what + "."
	}
	return f
}

// failed is the fault of a write. Only what the service refused for its content is
// permanent; everything else may have happened, or may work later.
func failed(what string, err error) error {
	if settled(err) {
		return err
	}
	status, _ := refusal(err)
	f := &workflows.Fault{Cause: err}
	switch {
	case status == http.StatusUnauthorized:
		f.Say = "Azure DevOps did not accept fedbot's sign-in when it wanted to " + what + ". An operator of fedbot can renew its token."
	case status == http.StatusForbidden, status == http.StatusNotFound:
		f.Say = "Azure DevOps does not let fedbot " + what + ". A project administrator can give it the right under Project settings, Service connections, Security."
	case status == http.StatusBadRequest:
		f.Kind = workflows.ErrPermanent
		f.Say = "Azure DevOps refused to " + what + ": it does not accept what was asked."
	case status == http.StatusTooManyRequests, errors.Is(err, errPause):
		f.Say = "Azure DevOps asked fedbot to slow down before it could " + what + "."
	case errors.Is(err, context.DeadlineExceeded):
		f.Say = "Azure DevOps took too long to " + what + ". fedbot looks again."
	default:
		f.Say = "Azure DevOps gave no clear answer when fedbot wanted to " + what + ". fedbot looks again."
	}
	return f
}

// unknown is an outcome that only another look can settle.
func unknown(say string) error { return &workflows.Fault{Say: say} }

func foreign(say string) error {
	return &workflows.Fault{Kind: workflows.ErrForeign, Say: say}
}
