package api

import "net/http"

func (h *handler) contacts(r *http.Request) ([]Contact, error) {
	return h.backend.Contacts(r.Context())
}

func (h *handler) trust(r *http.Request) (Trusted, error) {
	request, err := decode[TrustRequest](r)
	if err != nil {
		return Trusted{}, err
	}
	return h.backend.Trust(r.Context(), request)
}

func (h *handler) renameContact(r *http.Request) (Contact, error) {
	request, err := decode[RenameRequest](r)
	if err != nil {
		return Contact{}, err
	}
	return h.backend.RenameContact(r.Context(), request)
}

func (h *handler) forgetContact(r *http.Request) (Forgotten, error) {
	request, err := decode[ForgetRequest](r)
	if err != nil {
		return Forgotten{}, err
	}
	return h.backend.ForgetContact(r.Context(), request)
}
