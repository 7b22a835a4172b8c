// cert-manager's own validating and mutating webhook, with its own flags.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"

	cmwebhook "github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
)

func main() {
	cfg, err := options.NewWebhookConfiguration()
	if err != nil {
		klog.Fatal(err)
	}
	options.AddConfigFlags(pflag.CommandLine, cfg)
	pflag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := klog.Background().WithName("webhook")
	ctx = klog.NewContext(ctx, log)
	s, err := cmwebhook.NewCertManagerWebhookServer(log, *cfg)
	if err != nil {
		klog.Fatal(err)
	}
	if err := s.Run(ctx); err != nil {
		klog.Fatal(err)
	}
}
