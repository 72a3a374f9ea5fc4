# A triplet loss of embeddings of length one
# Schroff, Kalenichenko and Philbin (2015), FaceNet
X_a, X_p, X_n: 4 x m input
W: 5 x 4
V: 3 x 5
U_a = V @ relu(W @ X_a)
U_p = V @ relu(W @ X_p)
U_n = V @ relu(W @ X_n)
A = U_a / norm(U_a, axis=0)
P = U_p / norm(U_p, axis=0)
N = U_n / norm(U_n, axis=0)
loss = sum(max(0, sum((A - P)**2, axis=0) - sum((A - N)**2, axis=0) + 0.2))
