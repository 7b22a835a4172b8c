// The program in the pods that answer http01 challenges, with the flags that cert-manager gives it.
package main

import (
	"flag"
	"os"

	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
)

func main() {
	s := &solver.HTTP01Solver{}
	flag.IntVar(&s.ListenPort, "listen-port", 8089, "port to listen on")
	flag.StringVar(&s.Domain, "domain", "", "name that is challenged")
	flag.StringVar(&s.Token, "token", "", "the challenge's token")
	flag.StringVar(&s.Key, "key", "", "the answer")
	flag.Parse()
	if err := s.Listen(klog.Background()); err != nil {
		klog.ErrorS(err, "listen")
		os.Exit(1)
	}
}
