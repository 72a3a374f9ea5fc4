# A neural Turing machine addresses its memory: by content, then the weights of before, then sharpened; read and write
# Graves, Wayne and Danihelka (2014), Neural Turing machines
M: 5 x 3 input
w0: 5 x 1 input
h: 4 x 1 input
Y: 3 x 1
K, E, A: 3 x 4
b, g, c: 1 x 4
k = K @ h
d_k = M @ k / (norm(M, axis=1) * norm(k))
w_c = softmax(softplus(b @ h) * d_k)
gate = sigmoid(g @ h)
w_g = gate * w_c + (1 - gate) * w0
w_p = w_g ** (1 + softplus(c @ h))
w = w_p / sum(w_p)
M_new = M * (1 - w @ sigmoid(E @ h).T) + w @ tanh(A @ h).T
r = M_new.T @ w
loss = sum((r - Y)**2)
