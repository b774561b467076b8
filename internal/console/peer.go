package console

import (
	"context"
	"net"
	"strconv"

	"fedbot/workflows"
)

type peerKey struct{}

// Peer notes who is at the other end of a connection; for http.Server.ConnContext.
func Peer(ctx context.Context, c net.Conn) context.Context {
	if _, ok := c.(*net.UnixConn); !ok {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, peer(c))
}

// Operator is the actor at the other end of the socket: "operator:1000".
func Operator(ctx context.Context) workflows.Actor {
	uid, ok := ctx.Value(peerKey{}).(int)
	if !ok {
		uid = -1
	}
	return workflows.Actor("operator:" + strconv.Itoa(uid))
}
