// cert-manager's own controllers as one program. Its main package is not published, and its controllers are. Without
// --kubeconfig it works in a pod, and its flags are those that the chart gives.
package main

import (
	"context"
	"flag"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/klog/v2"

	cmctl "github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/healthz"

	// Each of these registers itself when it is imported.
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

// How long a leader may be without a lease. There is none.
const leaderTimeout = 20 * time.Second

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig file")
	namespace := flag.String("cluster-resource-namespace", "cert-manager", "where a ClusterIssuer's Secrets are")
	image := flag.String("acme-http01-solver-image", "", "image of the pods that answer http01 challenges")
	dns := flag.String("dns", "", "host:port of the name servers for both self checks, with commas between")
	gateway := flag.Bool("gateway-api", false, "Gateway API; its definitions must be there at the start")
	challenges := flag.Int("max-concurrent-challenges", 60, "how many challenges are solved at once")
	health := flag.String("healthz-listen-address", "0.0.0.0:9403", "where it says that it lives")
	// The chart gives it. One process runs, so nobody is elected.
	flag.String("leader-election-namespace", "", "not used")
	minBackoff := flag.Duration("min-backoff", time.Hour, "first wait after a failed request")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := klog.Background().WithName("cm")
	ctx = klog.NewContext(ctx, log)

	var servers []string
	if *dns != "" {
		servers = strings.Split(*dns, ",")
	}
	opts := cmctl.ContextOptions{
		Kubeconfig:         *kubeconfig,
		KubernetesAPIQPS:   200,
		KubernetesAPIBurst: 400,
		IssuerOptions:      cmctl.IssuerOptions{ClusterResourceNamespace: *namespace},
		ACMEOptions: cmctl.ACMEOptions{
			HTTP01SolverImage:                 *image,
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			HTTP01SolverNameservers:           servers,
			DNS01Nameservers:                  servers,
			DNS01CheckRetryPeriod:             2 * time.Second,
		},
		IngressShimOptions: cmctl.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: cmctl.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: *minBackoff,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		SchedulerOptions: cmctl.SchedulerOptions{MaxConcurrentChallenges: *challenges},
		ConfigOptions:    cmctl.ConfigOptions{EnableGatewayAPI: *gateway},
	}
	factory, err := cmctl.NewContextFactory(ctx, opts)
	check(log, err, "context factory")
	base, err := factory.Build()
	check(log, err, "context")

	// Every controller first says which informers it needs; only then are they started.
	running := make(map[string]cmctl.Interface)
	for name, construct := range cmctl.Known() {
		if name == "gateway-shim" && !*gateway {
			continue
		}
		controller, err := construct(factory)
		check(log, err, name)
		running[name] = controller
	}
	base.SharedInformerFactory.Start(ctx.Done())
	base.KubeSharedInformerFactory.Start(ctx.Done())
	base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if *gateway {
		base.GWShared.Start(ctx.Done())
	}
	listener, err := net.Listen("tcp", *health)
	check(log, err, "health")
	go func() { check(log, healthz.NewServer(leaderTimeout).Start(ctx, listener), "health") }()
	done := make(chan string)
	for name, controller := range running {
		go func() {
			if err := controller.Run(2, ctx); err != nil {
				log.Error(err, "controller ended", "name", name)
			}
			done <- name
		}()
	}
	log.Info("running", "controllers", len(running))
	for range running {
		<-done
	}
}

func check(log klog.Logger, err error, what string) {
	if err != nil {
		log.Error(err, "cannot start", "what", what)
		klog.FlushAndExit(time.Second, 1)
	}
}
