package apitest

import (
	"context"

	"peerd/peer/api"
)

// SetIntroduce is Backend.SetIntroduce.
func (d *Daemon) SetIntroduce(_ context.Context, request api.IntroduceRequest) (api.Introductions, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.Introduce = request.Introduce
	return api.Introductions{Introduce: request.Introduce}, nil
}
