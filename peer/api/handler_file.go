package api

import "net/http"

func (h *handler) offerFile(r *http.Request) (Transfer, error) {
	request, err := decode[FileOffer](r)
	if err != nil {
		return Transfer{}, err
	}
	ctx, cancel := h.untilStopping(r.Context())
	defer cancel()
	return h.backend.OfferFile(ctx, request)
}

func (h *handler) transfers(r *http.Request) ([]Transfer, error) {
	return h.backend.Transfers(r.Context())
}

func (h *handler) decideFile(r *http.Request) (Transfer, error) {
	decision, err := decode[FileDecision](r)
	if err != nil {
		return Transfer{}, err
	}
	return h.backend.DecideFile(r.Context(), decision)
}

func (h *handler) filePolicy(r *http.Request) (FilePolicy, error) {
	request, err := decode[FilePolicy](r)
	if err != nil {
		return FilePolicy{}, err
	}
	if request.Policy != "" {
		if _, err := ParsePolicy(string(request.Policy)); err != nil {
			return FilePolicy{}, err
		}
	}
	return h.backend.FilePolicy(r.Context(), request)
}
