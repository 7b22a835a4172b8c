// cert-manager's own cainjector: it fills in `caBundle` of webhook configurations.
package main

import (
	"flag"

	admissionreg "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	"github.com/cert-manager/cert-manager/pkg/util"
)

func main() {
	klog.InitFlags(nil)
	// The chart gives it. One process runs, so nobody is elected.
	flag.String("leader-election-namespace", "", "not used")
	// The flag --kubeconfig is controller-runtime's own. Without it this works in a pod.
	flag.Parse()
	cfg, err := ctrl.GetConfig()
	if err != nil {
		klog.Fatal(err)
	}
	// Its name becomes the field manager of the patches: without one every patch is refused.
	cfg = util.RestConfigWithUserAgent(cfg, "cainjector")
	ctrl.SetLogger(klog.Background())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{admissionreg.AddToScheme, corev1.AddToScheme, apiext.AddToScheme, cmapi.AddToScheme} {
		if err := add(scheme); err != nil {
			klog.Fatal(err)
		}
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{Scheme: scheme, Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		klog.Fatal(err)
	}
	ctx := ctrl.SetupSignalHandler()
	err = cainjector.RegisterAllInjectors(ctx, mgr, cainjector.SetupOptions{
		EnableCertificatesDataSource: true,
		EnabledReconcilersFor: map[string]bool{
			cainjector.MutatingWebhookConfigurationName:   true,
			cainjector.ValidatingWebhookConfigurationName: true,
		},
	})
	if err != nil {
		klog.Fatal(err)
	}
	if err := mgr.Start(ctx); err != nil {
		klog.Fatal(err)
	}
}
