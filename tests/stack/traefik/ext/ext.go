// Package ext is where Traefik's commercial edition adds keys. The open one has none, and its module is not published.
package ext

// HTTP has the further keys of the section `http`.
type HTTP struct{}

// Router has the further keys of a router.
type Router struct{}
