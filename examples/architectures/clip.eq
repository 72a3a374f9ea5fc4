# Contrastive language-image pretraining, both ways, with a trained temperature
# Radford et al. (2021), Learning transferable visual models from natural language supervision
X: 5 x m
T: 4 x m input
W_x: 3 x 5
W_t: 3 x 4
s: 1 x 1
U = W_x @ X
V = W_t @ T
U_n = U / norm(U, axis=0)
V_n = V / norm(V, axis=0)
S = exp(s) * (U_n.T @ V_n)
loss = -(trace(log_softmax(S, axis=0)) + trace(log_softmax(S, axis=1))) / (2 * m)
