package api

import (
	"context"
	"net/http"
)

func (h *handler) groups(r *http.Request) ([]Group, error) { return h.backend.Groups(r.Context()) }

func (h *handler) createGroup(r *http.Request) (Group, error) {
	return changeGroup(r, h.backend.CreateGroup)
}

func (h *handler) addToGroup(r *http.Request) (Group, error) {
	return changeGroup(r, h.backend.AddToGroup)
}

func (h *handler) leaveGroup(r *http.Request) (Group, error) {
	return changeGroup(r, h.backend.LeaveGroup)
}

func changeGroup(r *http.Request, change func(context.Context, GroupRequest) (Group, error)) (Group, error) {
	request, err := decode[GroupRequest](r)
	if err != nil {
		return Group{}, err
	}
	return change(r.Context(), request)
}
