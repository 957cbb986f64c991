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
