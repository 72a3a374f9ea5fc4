# A causal language model of one attention layer: position j sees positions up to j
# Radford, Narasimhan, Salimans and Sutskever (2018), Improving language understanding by generative pre-training
X: 6 x 5 input
Y: 6 x 5
mask: 5 x 5 constant
E: 4 x 6
P: 4 x 5
W_Q, W_K, W_V: 4 x 4
H = E @ X + P
S = where(mask, (W_K @ H).T @ (W_Q @ H) / 2, -1000)
A = softmax(S)
loss = -sum(Y * log_softmax(E.T @ (H + W_V @ H @ A))) / 5
