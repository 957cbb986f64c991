package api

import "net/http"

func (h *handler) contacts(r *http.Request) ([]Contact, error) {
	return h.backend.Contacts(r.Context())
}

func (h *handler) addContact(r *http.Request) (Contact, error) {
	request, err := decode[AddRequest](r)
	if err != nil {
		return Contact{}, err
	}
	return h.backend.AddContact(r.Context(), request)
}

func (h *handler) verify(r *http.Request) (Verification, error) {
	request, err := decode[VerifyRequest](r)
	if err != nil {
		return Verification{}, err
	}
	return h.backend.Verify(r.Context(), request)
}

func (h *handler) blockContact(r *http.Request) (Contact, error) {
	request, err := decode[BlockRequest](r)
	if err != nil {
		return Contact{}, err
	}
	return h.backend.BlockContact(r.Context(), request)
}

func (h *handler) readReceipts(r *http.Request) ([]ReadReceipts, error) {
	return h.backend.ReadReceipts(r.Context())
}

func (h *handler) setReadReceipts(r *http.Request) (ReadReceipts, error) {
	request, err := decode[ReadReceiptsRequest](r)
	if err == nil {
		err = request.check()
	}
	if err != nil {
		return ReadReceipts{}, err
	}
	return h.backend.SetReadReceipts(r.Context(), request)
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
